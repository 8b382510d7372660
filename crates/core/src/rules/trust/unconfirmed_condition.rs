use crate::{
    iam::{
        key::{Key, is_unconfirmed},
        trust::Trust,
    },
    rules::{Findings, rule},
};

rule! {
    /// A condition or action of which AWS does not document whether it works in a trust policy.
    ///
    /// Since November 2026, a context provider can copy claims of a token into the session, as `aws:OriginIdentity/*` and
    /// `aws:TransactionContext/IdentityProvider/*`. These keys restrict what the session may do, in permission policies and
    /// resource policies. AWS does not document whether a trust policy can test them while the token is exchanged, or whether it
    /// can grant `sts:GetScopedCredentials`. Try it before you rely on it, and keep the condition on `sub`.
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
    ///       "StringEquals": {"aws:OriginIdentity/SubjectType": "workload"}
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
    /// Source: "Trusted identity propagation" in the IAM User Guide, <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html>.
    static RULE: "unconfirmed-condition", Hint, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in &trust.policy.statements {
        for condition in &statement.conditions {
            let Key::Service(key) = condition.parsed_key() else { continue };
            if is_unconfirmed(key) {
                findings
                    .report(
                        condition.key_span,
                        format!("AWS does not document whether a trust policy can test `{key}`"),
                    )
                    .help("use it in the role's permissions, and `sub` in the trust policy");
            }
        }
        let actions = statement.actions.iter().flat_map(|block| &block.items);
        for action in actions.filter(|it| it.as_str().is_some_and(|name| name.eq_ignore_ascii_case(SCOPED))) {
            findings
                .report(action.span, format!("AWS does not document whether a trust policy can grant `{SCOPED}`"))
                .help("grant it in the role's permissions");
        }
    }
}

/// Narrows a session; new in November 2026.
const SCOPED: &str = "sts:GetScopedCredentials";
