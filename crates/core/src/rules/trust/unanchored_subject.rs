use crate::{
    iam::trust::{Trust, wildcard_in_repository},
    rules::{Findings, rule},
};

rule! {
    /// A subject pattern that does not begin with the complete UUID of one repository.
    ///
    /// A subject is `{repository}:{step}`, or `{repository}:{environment}:{step}` in a deployment step. A wildcard
    /// before the end of the first UUID accepts other repositories. `*` also matches colons, so an environment after it
    /// restricts nothing: anyone can create an environment in their own repository.
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "*:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"}
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
    static RULE: "unanchored-subject", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for condition in trust.bitbucket_conditions("sub").filter(|it| it.is_like()) {
        for value in &condition.values {
            let Some(at) = wildcard_in_repository(value) else { continue };
            let message = match at {
                0 => format!("`{value}` accepts every repository of the workspace"),
                _ => format!("`{value}` has a wildcard inside the repository's UUID"),
            };
            findings
                .report(value.span, message)
                .help("begin with the repository's complete UUID: `{repository UUID}:{environment UUID}:*`");
        }
    }
}
