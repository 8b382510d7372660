use crate::{
    iam::{
        key::{AUTHORIZED_BY_IDP, Availability, Key, availability},
        operator::Comparison,
        policy::Condition,
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
            let Key::Service(key) = condition.parsed_key() else { continue };
            if key.eq_ignore_ascii_case(AUTHORIZED_BY_IDP) && statement.trusts_bitbucket() && wants_true(condition) {
                findings
                    .report(
                        condition.key_span,
                        format!("Bitbucket's tokens have no claim for roles, so `{key}` is never true"),
                    )
                    .help("remove the condition, and use `sub` to restrict who can assume the role");
                continue;
            }
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

/// Whether it holds for `true` only, and not without the key.
fn wants_true(condition: &Condition) -> bool {
    condition.operator.is_some_and(|it| it.base.comparison == Comparison::Bool)
        && condition.holds_if_missing().is_none()
        && condition.values.iter().all(|value| value.as_str().is_some_and(|value| value.eq_ignore_ascii_case("true")))
}
