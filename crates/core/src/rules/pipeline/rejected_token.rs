use crate::{
    analysis::{Analysis, steps::Token},
    rules::{Findings, rule},
};

rule! {
    /// A step that assumes a role whose trust policy never lets its token in.
    ///
    /// Found where the role's trust policy is given, by `--trust-policy` or in `keyless.yaml`. The token's subject and audience
    /// are known in their form before the step runs; where they decide, AWS answers `AccessDenied` and says nothing of the
    /// condition that failed. What hangs on UUIDs that are not known is no finding. `keyless trust simulate --pipeline` shows
    /// every condition.
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
    /// A step that asks for that audience may be let in:
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
    static RULE: "rejected-token", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(reason) = file.access(step).and_then(|access| access.refusal.as_ref()) else { continue };
        if file.token(step) != Token::On || !facts.assumes_role() {
            continue;
        }
        let span = step.oidc.as_ref().map_or_else(|| step.place(file.tree), |oidc| file.place(oidc.node(), None));
        findings.report(span, "the role's trust policy never lets this step's token in").help(reason.clone());
    }
}
