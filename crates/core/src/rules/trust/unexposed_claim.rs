use crate::{
    iam::{trust::Trust, trust::is_exposed},
    oidc::resembles_bitbucket,
    rules::{Findings, rule},
};

rule! {
    /// A condition on a claim of Bitbucket's tokens that IAM does not expose.
    ///
    /// IAM exposes five claims as condition keys: `aud`, `sub`, `amr`, `email` and `oaud`. A condition on another
    /// claim, such as `repositoryUuid`, `branchName` or `deploymentEnvironmentUuid`, is evaluated with a missing key:
    /// it never holds, or with `IfExists`, `ForAllValues` or a negated operator it always holds.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"},
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:branchName": "main"}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// ```json right
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"},
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>.
    static RULE: "unexposed-claim", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for condition in trust.policy.statements.iter().flat_map(|statement| &statement.conditions) {
        let Some((_, claim)) =
            condition.claim().filter(|(issuer, claim)| resembles_bitbucket(issuer) && !is_exposed(claim))
        else {
            continue;
        };
        let outcome = match condition.holds_if_missing() {
            Some(_) => "always true",
            None => "never true",
        };
        findings.report(condition.key_span, format!("IAM does not expose claim `{claim}`, so the condition is {outcome}")).help("use `sub` to restrict the repository and the deployment environment, and the environment's settings in Bitbucket to restrict branches");
    }
}
