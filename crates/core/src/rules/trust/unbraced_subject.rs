use crate::{
    diagnostic::Safety,
    iam::trust::Trust,
    oidc::Uuid,
    rules::{Findings, rule},
};

rule! {
    /// A UUID without braces in a subject pattern.
    ///
    /// Bitbucket writes UUIDs in braces in `sub`, and IAM compares the braces like other characters. Without them the
    /// pattern never matches. Only the audience has a UUID without braces.
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9:*"}
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
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>.
    static RULE: "unbraced-subject", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for condition in trust.bitbucket_conditions("sub") {
        for (span, value) in condition.known_values() {
            let braced: Vec<_> = value
                .split(':')
                .map(|part| if Uuid::from_bare(part).is_some() { format!("{{{part}}}") } else { part.to_owned() })
                .collect();
            let braced = braced.join(":");
            if braced != value {
                findings.report(span, format!("`{value}` never matches: UUIDs in `sub` have braces")).fix(
                    "add the braces",
                    Safety::Safe,
                    vec![trust.respell(span, &braced)],
                );
            }
        }
    }
}
