use crate::{
    iam::{policy::PrincipalKind, trust::Trust},
    rules::{Findings, rule},
};

rule! {
    /// AWS principals and an identity provider in the same statement.
    ///
    /// Conditions apply to every principal of a statement. Conditions on claims exclude accounts and services, and
    /// conditions that would restrict accounts are missing from a token's request. Use a separate statement for each
    /// kind of principal.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc", "AWS": "arn:aws:iam::123456789012:root"},
    ///     "Action": ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"],
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"},
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
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.
    static RULE: "mixed-principals", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing() {
        let Some(block) = statement.principals.as_ref().filter(|block| !block.negated) else { continue };
        let federated = block.items.iter().find(|it| it.kind == PrincipalKind::Federated);
        let other = block.items.iter().find(|it| matches!(it.kind, PrincipalKind::Aws | PrincipalKind::Service));
        if let (Some(federated), Some(other)) = (federated, other) {
            let kind = other.kind.name();
            findings
                .report(other.name.span, format!("{kind} principal in the same statement as an identity provider"))
                .related(federated.name.span, "the identity provider")
                .help("move it to a separate statement");
        }
    }
}
