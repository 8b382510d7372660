use crate::{
    diagnostic::Safety,
    iam::{trust::Trust, trust::bare},
    rules::{Findings, rule},
};

rule! {
    /// A condition on a claim of another issuer than the principal's.
    ///
    /// Condition keys begin with the issuer of the token. A key of another workspace or another product is missing from
    /// every token that this principal accepts, so the condition never holds.
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/other/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*"}
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
    static RULE: "issuer-mismatch", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing() {
        let issuers: Vec<_> = statement.issuers().map(|(span, issuer)| (span, bare(issuer))).collect();
        // The issuer may belong to a principal that the template leaves open.
        let [(first, own), ..] = issuers[..] else { continue };
        if issuers.len() != statement.federated().count() {
            continue;
        }
        for condition in &statement.conditions {
            let Some((issuer, claim)) = condition.claim() else { continue };
            if condition.key_open || issuers.iter().any(|(_, own)| own.eq_ignore_ascii_case(issuer)) {
                continue;
            }
            findings
                .report(
                    condition.key_span,
                    format!("the condition key belongs to issuer `{issuer}`, but no principal of the statement does"),
                )
                .related(first, "the principal")
                .fix(
                    "use the principal's issuer",
                    Safety::Unsafe,
                    vec![trust.respell(condition.key_span, &format!("{own}:{claim}"))],
                );
        }
    }
}
