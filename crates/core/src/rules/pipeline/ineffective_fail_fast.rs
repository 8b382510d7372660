use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `fail-fast` on a step outside a parallel group.
    ///
    /// There are no parallel steps to stop: when the step fails, the pipeline ends anyway.
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
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/parallel-step-options/>.
    static RULE: "ineffective-fail-fast", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| !step.uses.is_empty()) {
        if step.uses.iter().any(|at| at.parallel) {
            continue;
        }
        if let Some(field) = file.tree.field(step.node, "fail-fast") {
            findings
                .report(file.span(field.key), "`fail-fast` has no effect outside a parallel group")
                .help("move it to a parallel group, or remove it");
        }
    }
}
