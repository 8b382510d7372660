use crate::{
    diagnostic::Safety,
    iam::{policy::Condition, text::Part, trust::Trust, trust::has_wildcard},
    rules::{Findings, rule},
};

rule! {
    /// A `*` or `?` in a value of an operator without wildcards.
    ///
    /// `StringEquals` compares literally: the condition requires an asterisk in the token, so it never holds. With
    /// `StringNotEquals` it always holds and restricts nothing.
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
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
    static RULE: "literal-wildcard", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in &trust.policy.statements {
        for condition in statement.conditions.iter().filter(|it| it.is_exact() && it.claim().is_some()) {
            let literal = |part: &Part| matches!(part, Part::Known(text) if has_wildcard(text) && !text.contains("${"));
            let Some(value) = condition.values.iter().find(|value| value.parts.iter().any(literal)) else { continue };
            let operator = &condition.operator_name;
            let like = operator.replace("NotEquals", "NotLike").replace("Equals", "Like").replace("IgnoreCase", "");
            // The operator's other keys would change too, and the new operator must not become a duplicate key.
            let touched = |it: &&Condition| it.operator_span == condition.operator_span || it.operator_name == like;
            let alone = statement.conditions.iter().filter(touched).count() == 1;
            let finding =
                findings.report(value.span, format!("`{operator}` does not support wildcards, but `{value}` has one"));
            finding.related(condition.operator_span, "the operator").help(format!("use `{like}`"));
            if alone {
                finding.fix(
                    format!("use `{like}`"),
                    Safety::Unsafe,
                    vec![trust.respell(condition.operator_span, &like)],
                );
            }
        }
    }
}
