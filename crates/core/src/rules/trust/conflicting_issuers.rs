use std::collections::BTreeMap;

use crate::{
    iam::{trust::Trust, trust::bare},
    rules::{Findings, rule},
};

rule! {
    /// Conditions on the tokens of several issuers in one statement.
    ///
    /// All conditions of a statement must hold, and a token has the claims of one issuer only. The keys of the other issuer are
    /// missing, so the statement never applies to any token. A second workspace needs a second statement.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": ["arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc", "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme-labs/pipelines-config/identity/oidc"]},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*", "api.bitbucket.org/2.0/workspaces/acme-labs/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*"}
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
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.
    static RULE: "conflicting-issuers", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing().filter(|it| it.trusts_oidc()) {
        let own: Vec<_> = statement.issuers().map(|(_, issuer)| bare(issuer)).collect();
        let all_known = own.len() == statement.federated().count();
        let mut keys = BTreeMap::new();
        for condition in &statement.conditions {
            let Some((issuer, _)) = condition.claim().filter(|_| !condition.key_open) else { continue };
            let required =
                condition.operator.is_some_and(|it| it.base.name != "Null") && condition.holds_if_missing().is_none();
            // `issuer-mismatch` reports keys of an issuer that is not a principal.
            let trusted = !all_known || own.iter().any(|own| own.eq_ignore_ascii_case(issuer));
            if required && trusted {
                keys.entry(issuer.to_ascii_lowercase()).or_insert(condition.key_span);
            }
        }
        let mut places: Vec<_> = keys.into_values().collect();
        places.sort_unstable();
        if let [first, second, ..] = places[..] {
            findings
                .report(second, "the conditions require claims of several issuers, so the statement accepts no token")
                .label("a token has one issuer")
                .related(first, "a claim of another issuer")
                .help("use a separate statement for each issuer");
        }
    }
}
