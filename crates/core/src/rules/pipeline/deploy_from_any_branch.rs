use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    rules::{Findings, rule},
    text::Spanned,
};

rule! {
    /// A deployment that runs on a push to any branch.
    ///
    /// The `default` pipeline runs on every push to a branch that no other pipeline matches, and a pipeline for `'*'`
    /// or `'**'` matches every branch, so a push to any branch deploys.
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
    ///
    /// A step with `trigger: manual` is not reported. A step with a deployment environment is reported as a hint,
    /// because Bitbucket can restrict the branches that deploy to an environment.
    static RULE: "deploy-from-any-branch", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(Spanned { value: name, span }) = facts.deployment() else { continue };
        let any_branch = step.uses.iter().any(|at| file.model.pipelines[at.pipeline].runs_on_any_branch());
        if step.is_manual() || !any_branch {
            continue;
        }
        let environment = file.environments(step).into_iter().all(|environment| environment.is_some());
        let severity = if environment { Severity::Hint } else { Severity::Warning };
        findings
            .report_as(severity, span, format!("{name} deploys on a push to any branch"))
            .help("move the step to a pipeline under `branches`, or add `trigger: manual`");
    }
}
