use crate::{
    analysis::{Analysis, steps::Token},
    diagnostic::Severity,
    rules::{Findings, rule},
};

rule! {
    /// A step assumes a role and has no deployment environment.
    ///
    /// Only a `deployment` puts the environment into the token's subject (`{repository}:{environment}:{step}`), and only
    /// that lets a trust policy tell production from any branch: branch names are no part of what IAM can check. Without it
    /// everyone who may push to any branch may use the role.
    ///
    /// An error where the role's trust policy is given (`--trust-policy`) and lets in nothing but deployments; a warning where
    /// `keyless.yaml` says so of the roles.
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
    static RULE: "oidc-without-deployment", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.token(step) != Token::On || !facts.assumes_role() {
            continue;
        }
        let deployments = file.model.deployments(step);
        if deployments.iter().all(|deployment| deployment.is_some_and(|deployment| deployment.recorded)) {
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
            "this step's token names no environment, and the role's trust policy asks for one"
        } else {
            "this step's token names no environment, so the role cannot tell it from any branch"
        };
        let finding = findings.report_as(severity, span, message);
        let variables_only = deployments.iter().flatten().find(|deployment| !deployment.recorded);
        if let Some(deployment) = variables_only {
            finding.related(
                deployment.environment.span(file.tree),
                "`environment` gives variables; that it reaches the token is not documented",
            );
        }
        finding.help(
            "add `deployment` with an environment whose branches are restricted, and name its UUID in the trust policy",
        );
    }
}
