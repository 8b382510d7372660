use crate::{
    analysis::{Analysis, expressions::expressions},
    expression::{Expression, ProblemKind, Scope},
    rules::{Findings, rule},
    yaml::OffsetMap,
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
    /// Only Bitbucket's own variables have values that are known in advance.
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
}
