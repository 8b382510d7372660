use crate::{
    iam::{policy::PrincipalKind, trust::Trust},
    rules::{Findings, rule},
};

rule! {
    /// A wildcard for the principal in a statement that allows.
    ///
    /// `"*"` allows everyone, including anonymous callers. Only the conditions restrict access then, and each of them
    /// must cover every kind of caller. Inside a longer name IAM does not expand wildcards.
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
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.
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
                    .report(principal.name.span, "wildcards are not expanded in a principal")
                    .help("list the full ARN of each provider");
            } else if star {
                findings.report(principal.name.span, "principal `*` allows everyone").help(
                    "use the identity provider: `{\"Federated\": \"arn:aws:iam::<account>:oidc-provider/<issuer>\"}`",
                );
            }
        }
    }
}
