use crate::{
    analysis::{
        Analysis,
        expressions::{WrittenExpression, declared_variables, expressions},
    },
    diagnostic::{Edit, Safety, Severity},
    expression::{Context, Expression, Problem, ProblemKind, Scope},
    rules::{Findings, rule},
    yaml::{OffsetMap, Style},
};

rule! {
    /// A condition that is not a valid expression.
    ///
    /// `condition.state` of a step or stage and `condition` of a trigger are expressions. Variables are written without
    /// `$`, strings are in double quotes, and the operators are `==`, `!=`, `<`, `<=`, `>`, `>=`, `&&`, `||` and `!`. The
    /// functions are `glob`, `changesetInclude` and `changesetExclude`. An expression that Bitbucket cannot evaluate stops
    /// the pipeline, or its step is never run.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [make test]
    ///       - step:
    ///           condition:
    ///             state: $DEPLOY_ENABLED = "yes" && glob($BITBUCKET_BRANCH, 'release/*')
    ///           script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [make test]
    ///       - step:
    ///           condition:
    ///             state: DEPLOY_ENABLED == "yes" && glob(BITBUCKET_BRANCH, "release/*")
    ///           script: [make deploy]
    /// ```
    ///
    /// A value without quotes, such as `ENV == prod-eu`, is a hint, because Atlassian's own pages show it. A name that the
    /// file does not define is not reported, because it may come from Bitbucket's settings.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/expression-language>.
    static RULE: "invalid-expression", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let expressions = expressions(file.tree, &file.model);
    if expressions.is_empty() {
        return;
    }
    let declared = declared_variables(&file.model);
    for written in &expressions {
        let scope = Scope { context: written.context, declared: &declared };
        let problems = Expression::parse(written.text.value).causes(&scope);
        let problems = problems.into_iter().filter(|problem| !is_reported_elsewhere(problem, written)).collect();
        for group in of_one_kind(problems) {
            report(file, written, &group, findings);
        }
    }
}

/// `constant-condition` reports what never changes, `wrong-length` an empty or too long `state`.
fn is_reported_elsewhere(problem: &Problem, written: &WrittenExpression<'_>) -> bool {
    match problem.kind {
        ProblemKind::Constant { .. } | ProblemKind::TooLong { .. } => true,
        ProblemKind::Empty => written.context == Context::State && written.text.value.is_empty(),
        _ => false,
    }
}

/// Problems with those that have the same cause: an author who writes one variable with `$` writes all of them so.
fn of_one_kind(problems: Vec<Problem>) -> Vec<Vec<Problem>> {
    let mut groups: Vec<Vec<Problem>> = Vec::new();
    for problem in problems {
        let habit = matches!(
            problem.kind,
            ProblemKind::Dollar { .. }
                | ProblemKind::DollarInString { .. }
                | ProblemKind::SingleQuotes
                | ProblemKind::UnquotedString
                | ProblemKind::UnknownOperator { .. }
        );
        let same = |group: &&mut Vec<Problem>| {
            group.first().is_some_and(|first| {
                let equal = !matches!(problem.kind, ProblemKind::UnknownOperator { .. }) || first.kind == problem.kind;
                equal && std::mem::discriminant(&first.kind) == std::mem::discriminant(&problem.kind)
            })
        };
        match groups.iter_mut().find(same).filter(|_| habit) {
            Some(group) => group.push(problem),
            None => groups.push(vec![problem]),
        }
    }
    groups
}

fn report(file: &Analysis<'_>, written: &WrittenExpression<'_>, group: &[Problem], findings: &mut Findings<'_>) {
    let Some((first, others)) = group.split_first() else { return };
    let map = OffsetMap::new(file.source.text(), file.tree, written.text.node);
    let place = |problem: &Problem| {
        map.as_ref().map_or_else(|| file.span(written.text.node), |offsets| offsets.span(problem.span))
    };
    let span = if matches!(first.kind, ProblemKind::Empty) { file.span(written.text.node) } else { place(first) };
    let finding = findings.report_as(severity(first), span, first.message());
    for other in others {
        finding.related(place(other), "also here");
    }
    if let Some(help) = first.help() {
        finding.help(help);
    }
    let edits: Option<Vec<Edit>> = group.iter().map(|problem| edit(file, written, problem, &place)).collect();
    if let (Some(edits), Some(help)) = (edits, first.help()) {
        let certain = matches!(first.kind, ProblemKind::Dollar { .. } | ProblemKind::UnknownOperator { .. });
        finding.fix(help, if certain { Safety::Safe } else { Safety::Unsafe }, edits);
    }
}

/// The edit that corrects a problem, where the replacement means the same in the scalar's own quotes.
fn edit(
    file: &Analysis<'_>,
    written: &WrittenExpression<'_>,
    problem: &Problem,
    place: &impl Fn(&Problem) -> crate::text::Span,
) -> Option<Edit> {
    let replacement = match (&problem.kind, &problem.replacement) {
        (ProblemKind::UnknownOperator { suggestion: Some(symbol), .. }, None) => (*symbol).to_owned(),
        (_, replacement) => replacement.clone()?,
    };
    let quotes = replacement.contains(['"', '\'', '\\']);
    let span = place(problem);
    let takes_quotes = match file.tree.scalar(written.text.node)?.style {
        // At its start, a quote would make it a quoted scalar.
        Style::Plain => span.start > file.span(written.text.node).start,
        Style::SingleQuoted => !replacement.contains('\''),
        Style::DoubleQuoted => false,
        Style::Literal | Style::Folded => true,
    };
    (!quotes || takes_quotes).then_some(Edit { span, replacement })
}

/// What is not documented, and not plainly wrong, is a hint.
const fn severity(problem: &Problem) -> Severity {
    match problem.kind {
        ProblemKind::UnquotedString | ProblemKind::TooDeep | ProblemKind::UnknownName { nearest: None, .. } => {
            Severity::Hint
        }
        ProblemKind::NotBoolean { .. } | ProblemKind::ArgumentCount { .. } if !problem.confirmed => Severity::Hint,
        _ => Severity::Warning,
    }
}
