use crate::{
    analysis::Analysis,
    diagnostic::Severity,
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
        let any_branch = step.uses.iter().any(|at| file.model.pipelines[at.pipeline].runs_on_any_branch());
        if step.is_manual() || !any_branch {
            continue;
        }
        let environment = file.environments(step).into_iter().all(|environment| environment.is_some());
        let severity = if environment { Severity::Hint } else { Severity::Warning };
        findings
            .report_as(severity, span, format!("{name} deploys from any branch"))
            .help("move the step to a pipeline below `branches`, or let it wait with `trigger: manual`");
    }
}
