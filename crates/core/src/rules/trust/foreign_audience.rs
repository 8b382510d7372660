use crate::{
    diagnostic::{Safety, Severity},
    iam::{trust::Trust, trust::has_wildcard},
    oidc::{AUDIENCE, Uuid, default_audience},
    rules::{Findings, rule},
};

rule! {
    /// An audience that the tokens of a Bitbucket workspace do not have.
    ///
    /// The default audience of Bitbucket's tokens is `ari:cloud:bitbucket::workspace/` followed by the workspace's UUID
    /// without braces. `sts.amazonaws.com` is the audience of other products. If the audience differs, AWS answers
    /// `AccessDenied`.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "sts.amazonaws.com"},
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
    /// A step with `oidc: {audiences: […]}` gets the custom audiences in addition to the default one, which makes `aud`
    /// a list. AWS does not document how it compares a list.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>.
    static RULE: "foreign-audience", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for condition in trust.bitbucket_conditions("aud") {
        for (span, value) in condition.known_values() {
            let Some(workspace) = value.strip_prefix(AUDIENCE) else {
                if !has_wildcard(value) {
                    findings
                        .report(span, format!("`{value}` is not the audience of a Bitbucket workspace"))
                        .help(format!("use `{AUDIENCE}<workspace UUID without braces>`"));
                }
                continue;
            };
            if Uuid::from_bare(workspace).is_some() || has_wildcard(workspace) {
                continue;
            }
            if let Ok(uuid) = Uuid::parse(workspace) {
                findings.report_as(Severity::Error, span, "the audience has the workspace's UUID in braces").fix(
                    "remove the braces",
                    Safety::Safe,
                    vec![trust.respell(span, &default_audience(uuid))],
                );
            } else {
                let message = format!("`{workspace}` is not the UUID of a workspace");
                findings
                    .report_as(Severity::Error, span, message)
                    .help("use the workspace's UUID, which the repository's settings show under OpenID Connect");
            }
        }
    }
}
