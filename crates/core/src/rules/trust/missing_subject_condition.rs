use crate::{
    iam::{trust::Trust, trust::bare},
    rules::{Findings, rule},
};

rule! {
    /// A statement that trusts an identity provider without a condition on `sub`.
    ///
    /// The provider issues tokens for a whole workspace. Without a condition on `sub`, every step of every repository
    /// in the workspace can assume the role, including repositories that are created later. IAM requires the condition
    /// for some providers, but not for Bitbucket. A second statement that denies all other subjects, with `StringNotLike`,
    /// has the same effect.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"}
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
    /// Sources: <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html>.
    static RULE: "missing-subject-condition", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing().filter(|it| it.trusts_oidc() && it.open.is_empty()) {
        if statement.claim("sub").any(|it| !it.is_negated())
            || statement.requires("sub", false)
            || trust.denies_others(statement, "sub")
        {
            continue;
        }
        if let Some(negated) = statement.claim("sub").next() {
            let others =
                if statement.trusts_bitbucket() { "repository of the workspace" } else { "token of this provider" };
            findings
                .report(negated.operator_span, format!("`{}` on `sub` accepts every other {others}", negated.operator_name))
                .related(negated.values_span, "only these are rejected")
                .help(
                    "use `StringLike` with the subjects that can assume the role, or put the negated condition into a statement \
                     with `\"Effect\": \"Deny\"`",
                );
            continue;
        }
        let bitbucket = statement.trusts_bitbucket();
        let message = if bitbucket {
            "missing condition on `sub`: every repository of the workspace can assume the role"
        } else {
            "missing condition on `sub`: every token of this provider is accepted"
        };
        let finding = findings.report(statement.place(), message);
        let issuer = statement
            .issuers()
            .next()
            .map_or_else(|| "<the provider's URL without https://>".to_owned(), |(_, it)| bare(it).to_owned());
        finding.help(format!(
                "add `\"StringLike\": {{\"{issuer}:sub\": \"{{repository UUID}}:{{environment UUID}}:*\"}}`; the repository's \
                 settings show both UUIDs under OpenID Connect"
            ));
    }
}
