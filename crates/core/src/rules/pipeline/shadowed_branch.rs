use crate::{
    analysis::Analysis,
    pipeline::{Start, glob},
    rules::{Findings, rule},
};

rule! {
    /// A pattern with braces that also matches a branch with its own pipeline.
    ///
    /// If a pattern such as `"{feature/*,dev/*}"` and the exact name `dev/x` both match, Bitbucket may run the
    /// pattern's pipeline instead of the one for the exact name. Bitbucket's staff confirmed this as a bug.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     '{feature/*,dev/*}':
    ///       - step:
    ///           script: [make]
    ///     dev/x:
    ///       - step:
    ///           script: [make special]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     'feature/*':
    ///       - step:
    ///           script: [make]
    ///     dev/x:
    ///       - step:
    ///           script: [make special]
    /// ```
    ///
    /// Source: <https://community.atlassian.com/forums/Bitbucket-questions/qaq-p/2474333>.
    static RULE: "shadowed-branch", Warning, check
}

/// How many patterns are compared with every name, so that the time does not grow quadratically.
const MAX_PATTERNS: usize = 200;

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let sections = [Start::Branches, Start::Tags, Start::PullRequests];
    for section in sections {
        let names: Vec<_> = file
            .model
            .pipelines
            .iter()
            .filter(|pipeline| pipeline.start == section)
            .map(|pipeline| pipeline.name)
            .collect();
        for pattern in names.iter().filter(|name| name.value.contains('{')).take(MAX_PATTERNS) {
            for name in names.iter().filter(|name| !name.value.contains(['*', '?', '{'])) {
                if glob::matches(pattern.value, name.value) {
                    let message =
                        format!("`{}` also matches `{}`, which has its own pipeline", pattern.value, name.value);
                    findings
                        .report(pattern.span(file.tree), message)
                        .related(name.span(file.tree), "this pipeline may not run")
                        .help("use a separate pattern for each alternative, and share their steps with an anchor");
                }
            }
        }
    }
}
