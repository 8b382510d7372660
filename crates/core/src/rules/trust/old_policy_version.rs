use crate::{
    diagnostic::Severity,
    iam::{
        policy::{Condition, Policy},
        trust::Trust,
    },
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A policy without `"Version": "2012-10-17"`.
    ///
    /// Without a version, IAM uses the policy language of 2008, which has no policy variables: `${aws:…}` is compared
    /// literally.
    ///
    /// ```json wrong
    /// {
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
    /// The finding is an error if the policy uses variables.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>.
    static RULE: "old-policy-version", Hint, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    let Policy { version, statements, span, .. } = trust.policy;
    let current = version.as_ref().is_some_and(|version| version.as_str().is_none_or(|text| text == "2012-10-17"));
    if current || statements.is_empty() {
        return;
    }
    let values = statements.iter().flat_map(|statement| &statement.conditions).flat_map(Condition::known_values);
    let variables = values.into_iter().any(|(_, value)| value.contains("${"));
    let severity = if variables { Severity::Error } else { Severity::Hint };
    let place = version.as_ref().map_or(Span::new(span.start, span.start + 1), |version| version.span);
    let message = if variables {
        "the policy uses variables, which its version of the policy language does not support"
    } else {
        "missing `\"Version\": \"2012-10-17\"`"
    };
    findings.report_as(severity, place, message).help("set `\"Version\": \"2012-10-17\"`");
}
