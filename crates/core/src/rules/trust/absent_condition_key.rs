use crate::{
    iam::{
        key::{Availability, Key, availability},
        trust::Trust,
    },
    rules::{Findings, rule},
};

rule! {
    /// A condition on a key that a call of `AssumeRoleWithWebIdentity` does not have.
    ///
    /// The call is not signed: there is no caller of AWS yet whose ARN, account, tags or second factor could be
    /// compared, and the call takes no external id.
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
    static RULE: "absent-condition-key", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing().filter(|it| it.trusts_oidc()) {
        for condition in &statement.conditions {
            let Key::Service(key) = Key::new(&condition.key) else { continue };
            if availability(key) != Availability::Never || condition.operator.is_none_or(|it| it.base.name == "Null") {
                continue;
            }
            let outcome = match condition.holds_of_nothing() {
                Some(_) => "always true",
                None => "never true",
            };
            findings
                .report(condition.key_span, format!("the call has no `{key}`: the condition is {outcome}"))
                .help("remove it, or move it to a statement for callers that have it");
        }
    }
}
