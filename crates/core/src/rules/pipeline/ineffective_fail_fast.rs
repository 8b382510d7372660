use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `fail-fast` on a step that stands in no parallel group.
    ///
    /// There is nothing for its failure to stop: the pipeline ends there anyway.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/parallel-step-options/>.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         fail-fast: true
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - parallel:
    ///         fail-fast: true
    ///         steps:
    ///           - step:
    ///               script: [make unit]
    ///           - step:
    ///               script: [make e2e]
    /// ```
    static RULE: "ineffective-fail-fast", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| !step.uses.is_empty()) {
        if step.uses.iter().any(|at| at.parallel) {
            continue;
        }
        if let Some(field) = file.tree.field(step.node, "fail-fast") {
            findings
                .report(file.span(field.key), "`fail-fast` outside a parallel group has no effect")
                .help("remove it, or put it on the parallel group");
        }
    }
}
