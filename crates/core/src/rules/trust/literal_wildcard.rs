use crate::{
    diagnostic::Safety,
    iam::{policy::Condition, text::Part, trust::Trust, trust::has_wildcard},
    rules::{Findings, rule},
};

rule! {
    /// A `*` or `?` under an operator that takes them as letters.
    ///
    /// `StringEquals` expands no wildcards: the condition asks for a token with a star in it, and there is none. Under
    /// `StringNotEquals` it is always true.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"},
    ///       "ForAnyValue:StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"}
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
    static RULE: "literal-wildcard", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in &trust.policy.statements {
        for condition in statement.conditions.iter().filter(|it| it.is_exact() && it.claim().is_some()) {
            let literal = |part: &Part| matches!(part, Part::Known(text) if has_wildcard(text) && !text.contains("${"));
            let Some(value) = condition.values.iter().find(|value| value.parts.iter().any(literal)) else { continue };
            let operator = &condition.operator_name;
            let like = operator.replace("NotEquals", "NotLike").replace("Equals", "Like").replace("IgnoreCase", "");
            // The other keys under the operator would change with it, and the new one must not stand there twice.
            let touched = |it: &&Condition| it.operator_span == condition.operator_span || it.operator_name == like;
            let alone = statement.conditions.iter().filter(touched).count() == 1;
            let finding =
                findings.report(value.span, format!("{operator} takes the wildcard in `{value}` as a letter"));
            finding.related(condition.operator_span, "the operator").help(format!("use {like}"));
            if alone {
                finding.fix(format!("use {like}"), Safety::Unsafe, vec![trust.respell(condition.operator_span, &like)]);
            }
        }
    }
}
