use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::Use,
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
    static RULE: "deploy-from-any-branch", Warning, check, explained_by ["ungated-production"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(Spanned { value: name, span }) = facts.deployment() else { continue };
        let any_branch = |at: &Use| file.model.pipelines[at.pipeline].runs_on_any_branch();
        if step.is_manual() || !step.uses.iter().any(any_branch) {
            continue;
        }
        let mut uses = step.uses.iter().filter(|at| any_branch(at));
        let environment = uses.all(|at| file.model.deployment(step, at).is_some());
        let severity = if environment { Severity::Hint } else { Severity::Warning };
        let (place, others) = file.wrong_uses(step, span, any_branch);
        let finding = findings.report_as(severity, place, format!("{name} deploys on a push to any branch"));
        finding.help("move the step to a pipeline under `branches`, or add `trigger: manual`");
        finding.of_step(file.step_place(step));
        for (place, label) in others {
            finding.related(place, label);
        }
    }
}
