use crate::{
    iam::{policy::PrincipalKind, trust::Trust},
    rules::{Findings, rule},
};

rule! {
    /// A star for the principal in a statement that allows.
    ///
    /// `"*"` means everyone. What keeps others out is then only the conditions, and each of them must bind every kind
    /// of caller.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": "*",
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
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
    static RULE: "open-principal", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing() {
        for principal in statement.principals.iter().filter(|block| !block.negated).flat_map(|block| &block.items) {
            let star = principal.name.as_str() == Some("*");
            let part = principal.kind == PrincipalKind::Federated
                && principal.name.as_str().is_some_and(|it| it.contains('*'));
            if part && !star {
                findings
                    .report(principal.name.span, "a wildcard in a principal's name is taken as a letter")
                    .help("name each provider in full");
            } else if star {
                findings.report(principal.name.span, "everyone is the principal").help(
                    "name the identity provider: {\"Federated\": \"arn:aws:iam::<account>:oidc-provider/<issuer>\"}",
                );
            }
        }
    }
}
