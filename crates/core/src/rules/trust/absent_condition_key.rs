use crate::{
    iam::{
        key::{Availability, Key, availability},
        trust::Trust,
    },
    rules::{Findings, rule},
};

rule! {
    /// A condition on a key that a call of `AssumeRoleWithWebIdentity` never has.
    ///
    /// The call is not signed, so there is no AWS principal yet whose ARN, account, tags or MFA could be compared, and
    /// the call has no external ID. The condition is therefore always false and the role cannot be assumed; with
    /// `IfExists`, `ForAllValues` or a negated operator it is always true and restricts nothing.
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"},
    ///       "StringEquals": {"aws:PrincipalAccount": "123456789012"}
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
    /// A `Null` condition is not reported, because it tests for a missing key.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
    static RULE: "absent-condition-key", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing().filter(|it| it.trusts_oidc()) {
        for condition in &statement.conditions {
            let Key::Service(key) = Key::new(&condition.key) else { continue };
            if availability(key) != Availability::Never || condition.operator.is_none_or(|it| it.base.name == "Null") {
                continue;
            }
            let outcome = match condition.holds_if_missing() {
                Some(_) => "always true",
                None => "never true",
            };
            findings
                .report(
                    condition.key_span,
                    format!("`{key}` is never present in this call, so the condition is {outcome}"),
                )
                .help("remove the condition, or move it to a statement for AWS principals");
        }
    }
}
