use crate::{
    analysis::{Analysis, steps::TokenAccess},
    rules::{Findings, rule},
};

rule! {
    /// A step that assumes a role whose trust policy always rejects the step's token.
    ///
    /// AWS answers `AccessDenied` and does not say which condition failed. The form of the token's subject and audience is
    /// known before the step runs, so keyless can evaluate the policy before the push.
    ///
    /// ```json policy
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {"StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "sts.amazonaws.com"}}
    ///   }
    /// }
    /// ```
    ///
    /// ```yaml wrong
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
    /// The policy can accept a step that requests this audience:
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: {audiences: [sts.amazonaws.com]}
    ///           deployment: production
    ///           script:
    ///             - pipe: atlassian/aws-s3-deploy:2.0.1
    ///               variables:
    ///                 AWS_OIDC_ROLE_ARN: arn:aws:iam::123456789012:role/deploy
    ///                 S3_BUCKET: bucket
    ///                 LOCAL_PATH: dist
    /// ```
    ///
    /// Reported only if the role's trust policy is given, with `--trust-policy` or in `keyless.yaml`. A condition that depends on
    /// an unknown UUID is not reported. `keyless trust simulate --pipeline` shows the result of every condition.
    static RULE: "rejected-token", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(reason) = file.access(step).and_then(|access| access.refusal.as_ref()) else { continue };
        if file.token(step) != TokenAccess::On || !facts.assumes_role() {
            continue;
        }
        let span = step.oidc.as_ref().map_or_else(|| step.place(file.tree), |oidc| file.place(oidc.node(), None));
        findings.report(span, "the role's trust policy rejects this step's token").help(reason.clone());
    }
}
