use crate::{
    analysis::{Analysis, expressions::expressions},
    expression::{Comparison, Expression, Kind, Literal, Node, ProblemKind, Scope},
    pipeline::{Pipeline, Start, Step, glob},
    rules::{Findings, rule},
    yaml::{OffsetMap, has_template},
};

rule! {
    /// A condition, or a part of one, that is always true or always false.
    ///
    /// The step never runs, or the condition has no effect. The usual cause is a comparison that cannot succeed: `==`
    /// compares literally, so `*` matches nothing, and `BITBUCKET_BRANCH` holds `main` and not `refs/heads/main`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make test]
    ///     - step:
    ///         condition:
    ///           state: BITBUCKET_BRANCH == "release/*"
    ///         script: [make preview]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make test]
    ///     - step:
    ///         condition:
    ///           state: glob(BITBUCKET_BRANCH, "release/*")
    ///         script: [make preview]
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           condition:
    ///             state: BITBUCKET_BRANCH == "develop"
    ///           script: [make preview]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     "{main,develop}":
    ///       - step:
    ///           condition:
    ///             state: BITBUCKET_BRANCH == "develop"
    ///           script: [make preview]
    /// ```
    ///
    /// Only Bitbucket's own variables have values that are known in advance. Which branches and tags run a step is known
    /// from the patterns of its pipelines.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/expression-language>.
    static RULE: "constant-condition", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for written in expressions(file.tree, &file.model) {
        // Declared names only serve to find misspellings.
        let scope = Scope { context: written.context, declared: &[] };
        let map = OffsetMap::new(file.source.text(), file.tree, written.text.node);
        for problem in Expression::parse(written.text.value).causes(&scope) {
            if !matches!(problem.kind, ProblemKind::Constant { .. }) {
                continue;
            }
            let span = map.as_ref().map_or_else(|| file.span(written.text.node), |map| map.span(problem.span));
            let finding = findings.report(span, problem.message());
            if let Some(help) = problem.help() {
                finding.help(help);
            }
        }
    }
    for step in &file.model.steps {
        by_pipeline(file, step, findings);
    }
}

/// A comparison with a branch or tag that never runs the step.
fn by_pipeline(file: &Analysis<'_>, step: &Step<'_>, findings: &mut Findings<'_>) {
    let Some(state) = step.condition.and_then(|condition| file.tree.field(condition, "state")) else { return };
    let node = file.tree.resolve(state.value);
    let Some(text) = file.tree.text(node) else { return };
    let expression = Expression::parse(text);
    let operands = match expression.root.as_ref().map(|root| &root.kind) {
        Some(Kind::All(operands)) => operands.as_slice(),
        _ => expression.root.as_slice(),
    };
    for operand in operands {
        let Some((name, value)) = equality(operand) else { continue };
        let start = match name {
            "BITBUCKET_BRANCH" => Start::Branches,
            "BITBUCKET_TAG" => Start::Tags,
            _ => continue,
        };
        let never = |pipeline: &Pipeline<'_>| {
            let pattern = pipeline.name.value;
            pipeline.start == start
                && !has_template(pattern)
                && !pattern.contains('$')
                && !glob::matches(pattern, value)
        };
        let mut pipelines = step.uses.iter().map(|at| &file.model.pipelines[at.pipeline]);
        let Some(first) = pipelines.next().filter(|first| never(first)) else { continue };
        if pipelines.all(never) {
            let map = OffsetMap::new(file.source.text(), file.tree, node);
            let span = map.map_or_else(|| file.span(node), |map| map.span(operand.span));
            let message = format!("condition is always false: only `{}` runs this step", first.name.value);
            findings
                .report(span, message)
                .related(first.name.span(file.tree), "the pipeline is defined here")
                .help("remove the condition, or move the step to the pipeline of that branch or tag");
        }
    }
}

/// `NAME == "value"`
fn equality(node: &Node) -> Option<(&str, &str)> {
    let Kind::Comparison { operator: Some(Comparison::Equal), operands, .. } = &node.kind else { return None };
    match (&operands[0].kind, &operands[1].kind) {
        (Kind::Name(name), Kind::Literal(Literal::String(value)))
        | (Kind::Literal(Literal::String(value)), Kind::Name(name))
            // What no name can be is reported anyway.
            if !value.is_empty() && !value.contains(['*', '?', '[']) && !value.starts_with("refs/") =>
        {
            Some((name, value))
        }
        _ => None,
    }
}
