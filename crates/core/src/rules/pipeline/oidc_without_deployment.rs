use crate::{
    analysis::{Analysis, steps::TokenAccess},
    diagnostic::Severity,
    pipeline::Use,
    rules::{Findings, rule},
};

rule! {
    /// A step that assumes an AWS role but has no `deployment`.
    ///
    /// Only `deployment` puts the environment's UUID into the token's subject (`{repository}:{environment}:{step}`),
    /// and only the environment lets a trust policy distinguish production from any other branch: the token has no
    /// branch that IAM can check. Without it, everyone who can push to any branch can use the role.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           script:
    ///             - pipe: atlassian/aws-s3-deploy:2.0.1
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///                 S3_BUCKET: bucket
    ///                 LOCAL_PATH: dist
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
    ///             - pipe: atlassian/aws-s3-deploy:2.0.1
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///                 S3_BUCKET: bucket
    ///                 LOCAL_PATH: dist
    /// ```
    ///
    /// A hint by default; a warning if `keyless.yaml` says that the roles require environments; an error if the role's
    /// trust policy is given (`--trust-policy`) and accepts only deployments.
    static RULE: "oidc-without-deployment", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.token(step) != TokenAccess::On || !facts.assumes_role() {
            continue;
        }
        let deployments = file.model.deployments(step);
        let lacks = |at: &Use| file.model.deployment(step, at).is_none_or(|deployment| !deployment.recorded);
        if !step.uses.iter().any(lacks) {
            continue;
        }
        let refused = file.access(step).is_some_and(|access| access.lacks_deployment);
        let bound = refused || file.settings.role.environments;
        let severity = match (refused, bound) {
            (true, _) => Severity::Error,
            (false, true) => Severity::Warning,
            (false, false) => Severity::Hint,
        };
        let span = step.oidc.as_ref().map_or_else(|| step.place(file.tree), |oidc| file.place(oidc.node(), None));
        let message = if bound {
            "this step has no `deployment`, but the role's trust policy requires an environment"
        } else {
            "this step has no `deployment`, so the role cannot distinguish it from a step on any other branch"
        };
        let (place, others) = file.wrong_uses(step, span, lacks);
        let finding = findings.report_as(severity, place, message).help(
            "add `deployment` with an environment that is restricted to branches, and allow its UUID in the trust policy",
        );
        finding.of_step(file.step_place(step));
        for (place, label) in others {
            finding.related(place, label);
        }
        if let Some(deployment) = deployments.iter().flatten().find(|deployment| !deployment.recorded) {
            finding.related(
                deployment.environment.span(file.tree),
                "`environment` only provides variables; whether it reaches the token is not documented",
            );
        }
    }
}
