use crate::{
    diagnostic::Safety,
    iam::{key::Key, trust::Trust, trust::bare},
    rules::{Findings, rule},
};

rule! {
    /// A condition key or provider ARN with `https://` or a trailing slash in the issuer.
    ///
    /// IAM names a provider by its URL without the scheme, and condition keys begin with that name. With the scheme or
    /// a slash, the key belongs to a provider that does not exist, so the condition never holds.
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
    ///       "StringLike": {"https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"}
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
    static RULE: "url-in-condition-key", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in &trust.policy.statements {
        for condition in &statement.conditions {
            let Key::Claim { issuer, claim } = condition.parsed_key() else { continue };
            if bare(issuer) != issuer {
                let finding = findings
                    .report(condition.key_span, "the condition key begins with a URL instead of the provider's name");
                let key = format!("{}:{claim}", bare(issuer));
                finding.fix(
                    format!("change it to `{key}`"),
                    Safety::Safe,
                    vec![trust.respell(condition.key_span, &key)],
                );
            }
        }
        for (span, issuer) in statement.issuers().filter(|(_, issuer)| bare(issuer) != *issuer) {
            findings
                .report(span, format!("`{issuer}` is a URL instead of the provider's name"))
                .help(format!("use `oidc-provider/{}`", bare(issuer)));
        }
    }
}
