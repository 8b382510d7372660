use crate::{
    diagnostic::Safety,
    iam::{operator::Comparison, trust::Trust},
    oidc::{AUDIENCE, resembles_bitbucket},
    rules::{Findings, rule},
};

rule! {
    /// A UUID in upper case in a condition on `sub` or `aud`.
    ///
    /// Bitbucket writes UUIDs in lower case, and IAM compares strings case-sensitively, with `StringEquals` as well as with
    /// `StringLike`. A UUID that was copied in upper case never matches, so no step can assume the role.
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{B1D2C3E4-5F60-4718-8293-A4B5C6D7E8F9}:*"}
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
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
    static RULE: "uppercase-uuid", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in &trust.policy.statements {
        for condition in &statement.conditions {
            let Some((issuer, claim)) = condition.claim() else { continue };
            let bitbucket = resembles_bitbucket(issuer) || statement.trusts_bitbucket();
            let cased = condition
                .operator
                .is_some_and(|it| matches!(it.base.comparison, Comparison::Equals | Comparison::Like));
            if !bitbucket || !cased || !["sub", "aud"].iter().any(|known| claim.eq_ignore_ascii_case(known)) {
                continue;
            }
            for (span, value) in condition.known_values() {
                let lower = lowercase(value);
                if lower != value {
                    findings.report(span, format!("`{value}` never matches: UUIDs in tokens are in lower case")).fix(
                        "change it to lower case",
                        Safety::Safe,
                        vec![trust.respell(span, &lower)],
                    );
                }
            }
        }
    }
}

/// The value with its UUIDs in lower case, including those with wildcards in them.
fn lowercase(value: &str) -> String {
    let (start, rest) = match value.strip_prefix(AUDIENCE) {
        Some(rest) => (AUDIENCE, rest),
        None => ("", value),
    };
    let parts = rest.split(':').map(|part| {
        let digits = |c: char| c.is_ascii_hexdigit() || matches!(c, '{' | '}' | '-' | '*' | '?');
        if part.contains('-') && part.chars().all(digits) { part.to_ascii_lowercase() } else { part.to_owned() }
    });
    format!("{start}{}", parts.collect::<Vec<_>>().join(":"))
}
