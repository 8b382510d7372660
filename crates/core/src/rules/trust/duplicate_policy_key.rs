use crate::{
    iam::trust::Trust,
    rules::{Findings, rule},
};

rule! {
    /// A key that appears twice in the same object.
    ///
    /// JSON parsers silently keep one of the two, so a condition in the policy may have no effect. Condition keys are
    /// not case-sensitive: `sub` and `SUB` are the same key. To compare a key with several values, use a list.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*", "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:SUB": "{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}:*"}
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": ["{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*", "{c2d3e4f5-6071-4829-93a4-b5c6d7e8f90a}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"]}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.
    static RULE: "duplicate-policy-key", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    findings.take_over(trust.problems);
}
