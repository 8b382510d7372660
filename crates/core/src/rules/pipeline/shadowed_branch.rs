use crate::{
    analysis::Analysis,
    pipeline::{Start, glob},
    rules::{Findings, rule},
};

rule! {
    /// A list in braces that also matches a branch named by itself.
    ///
    /// Where a pattern such as `"{feature/*,dev/*}"` and the exact name `dev/x` both match, Bitbucket may run the pattern's
    /// pipeline instead of the one for the exact name; its staff confirmed this as a bug.
    /// Source: <https://community.atlassian.com/forums/Bitbucket-questions/qaq-p/2474333>.
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
    static RULE: "shadowed-branch", Warning, check
}

/// Patterns past this number are not compared with every name.
const MOST: usize = 200;

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
        for pattern in names.iter().filter(|name| name.value.contains('{')).take(MOST) {
            for name in names.iter().filter(|name| !name.value.contains(['*', '?', '{'])) {
                if glob::matches(pattern.value, name.value) {
                    let message =
                        format!("`{}` may take `{}` from the pipeline that names it", pattern.value, name.value);
                    findings
                        .report(pattern.span(file.tree), message)
                        .related(name.span(file.tree), "named here")
                        .help("write the alternatives as patterns of their own, and share their steps by an anchor");
                }
            }
        }
    }
}
