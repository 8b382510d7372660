use crate::{
    iam::{trust::Trust, trust::bare},
    oidc::{Issuer, Uuid},
    rules::{Findings, rule},
};

rule! {
    /// An issuer with the workspace's UUID instead of its name.
    ///
    /// Bitbucket's issuer URL contains the name of the workspace (`…/workspaces/acme/…`); only the audience has the
    /// UUID. No token comes from a provider with another URL.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity"
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
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>.
    static RULE: "uuid-in-issuer", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in &trust.policy.statements {
        let principals = statement.issuers();
        let keys = statement.conditions.iter().filter_map(|it| it.claim().map(|(issuer, _)| (it.key_span, issuer)));
        for (span, issuer) in principals.chain(keys) {
            let uuid = Issuer::from_provider_name(bare(issuer)).is_ok_and(|it| Uuid::parse(it.workspace()).is_ok());
            if uuid {
                findings
                    .report(span, "the issuer has the workspace's UUID instead of its name")
                    .help("copy the identity provider URL from the repository's settings under OpenID Connect");
            }
        }
    }
}
