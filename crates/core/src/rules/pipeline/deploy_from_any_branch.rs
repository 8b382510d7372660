use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::{Start, Step},
    rules::{Findings, rule},
};

rule! {
    /// A step of the `default` pipeline, or of one for every branch, deploys by itself.
    ///
    /// `default` runs on every push to a branch that no other pipeline names: any branch deploys. A step that waits for
    /// `trigger: manual`, or that deploys to an environment of its own whose branches Bitbucket restricts, is meant so; for the
    /// latter this is a hint.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - npx cdk deploy --require-approval never
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - npx cdk deploy --require-approval never
    /// ```
    static RULE: "deploy-from-any-branch", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some((span, name)) = facts.deployment() else { continue };
        if waits(step) || !step.uses.iter().any(|at| from_any_branch(file, at.pipeline)) {
            continue;
        }
        let environment = file.environments(step).into_iter().all(|environment| environment.is_some());
        let severity = if environment { Severity::Hint } else { Severity::Warning };
        findings
            .report_as(severity, span, format!("{name} deploys from any branch"))
            .help("move the step to a pipeline below `branches`, or let it wait with `trigger: manual`");
    }
}

/// Whether a step is started by a person.
pub(super) fn waits(step: &Step<'_>) -> bool {
    step.trigger.is_some_and(|trigger| trigger.value == "manual")
}

/// Whether pushes to any branch start a pipeline.
pub(super) fn from_any_branch(file: &Analysis<'_>, pipeline: usize) -> bool {
    let pipeline = &file.model.pipelines[pipeline];
    match pipeline.start {
        Start::Default => true,
        Start::Branches => matches!(pipeline.name.value, "*" | "**"),
        _ => false,
    }
}
