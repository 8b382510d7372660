use crate::{
    iam::{policy::Condition, trust::Trust, trust::is_exposed},
    rules::{Findings, rule},
};

rule! {
    /// A condition on a claim that also holds if the claim is missing.
    ///
    /// `ForAllValues:`, `…IfExists` and negated operators hold for a missing key. In a statement that allows, they
    /// accept tokens that they should reject. `ForAllValues` is for keys with several values; `sub` and `aud` have one.
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
    ///       "ForAllValues:StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"}
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
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>.
    static RULE: "vacuous-condition", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing().filter(|it| it.trusts_oidc()) {
        for condition in &statement.conditions {
            let Some((_, claim)) = condition.claim().filter(|(_, claim)| is_exposed(claim)) else { continue };
            let Some(reason) = condition.holds_if_missing() else { continue };
            let is_required =
                statement.requires(claim, true) || statement.claim(claim).any(|it| it.holds_if_missing().is_none());
            // `missing-subject-condition` reports a subject with negated conditions alone.
            let is_negated = statement.claim(claim).all(Condition::is_negated);
            if is_required || (claim.eq_ignore_ascii_case("sub") && is_negated) {
                continue;
            }
            findings
                .report(condition.operator_span, format!("`{}` does not require `{claim}`", condition.operator_name))
                .label(reason)
                .help("use `StringEquals` for `aud` and `StringLike` for `sub`");
        }
    }
}
