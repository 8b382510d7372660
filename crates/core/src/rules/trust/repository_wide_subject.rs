use crate::{
    iam::trust::Trust,
    oidc::Uuid,
    rules::{Findings, rule},
};

rule! {
    /// A subject pattern that ends after the repository.
    ///
    /// `{repository}:*` accepts every branch and every environment of the repository: anyone who can push a branch can
    /// assume the role. IAM cannot check the branch. A deployment environment can be restricted to branches and people,
    /// and its UUID is part of the subject.
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*"}
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
    /// <https://support.atlassian.com/bitbucket-cloud/docs/set-up-and-monitor-deployments/>.
    static RULE: "repository-wide-subject", Hint, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for condition in trust.bitbucket_conditions("sub").filter(|it| it.is_like()) {
        for (span, value) in condition.known_values() {
            let repository = value.trim_end_matches(['*', ':']);
            if value.ends_with('*') && Uuid::from_braced(repository).is_some() {
                findings.report(span, "every branch and environment of the repository can assume the role").help("add the deployment environment, `{repository UUID}:{environment UUID}:*`, and restrict it to branches in Bitbucket");
            }
        }
    }
}
