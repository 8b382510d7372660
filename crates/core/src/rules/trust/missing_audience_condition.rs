use crate::{
    iam::trust::Trust,
    rules::{Findings, rule},
};

rule! {
    /// A statement that trusts an identity provider without a condition on `aud`.
    ///
    /// IAM also checks the provider's list of audiences, but that list is maintained elsewhere: an audience added to
    /// the provider is accepted by every role without its own condition.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"}
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
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html>.
    static RULE: "missing-audience-condition", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing().filter(|it| it.trusts_oidc() && it.open.is_empty()) {
        if statement.claim("aud").chain(statement.claim("oaud")).next().is_some()
            || trust.denies_others(statement, "aud")
        {
            continue;
        }
        let finding = findings
            .report(statement.place(), "missing condition on `aud`: tokens issued for other audiences are accepted");
        if statement.trusts_bitbucket() {
            finding.help(
                "add a `StringEquals` condition on the provider's `:aud` with the workspace's audience, \
                     `ari:cloud:bitbucket::workspace/<workspace UUID without braces>`",
            )
        } else {
            finding.help("add a `StringEquals` condition on the provider's `:aud`")
        };
    }
}
