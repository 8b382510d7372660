use crate::{
    diagnostic::Safety,
    iam::{trust::Trust, trust::has_wildcard},
    oidc::Uuid,
    rules::{Findings, rule},
};

rule! {
    /// A subject that ends in a fixed step, so that it matches one run at most.
    ///
    /// The last part of a subject is the step's UUID, which is different in every run. A value that matches today's
    /// token never matches again: with `StringEquals`, and with `StringLike` where the pattern ends in a UUID instead of
    /// `*`. The environment is the second part, so `{repository}:{environment}` needs `:*` after it.
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
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:{5e0c1d2b-3a49-4857-9665-748392a1b0c9}"}
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
    static RULE: "exact-subject", Error, check, explained_by ["unanchored-subject", "impossible-subject"]
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for condition in trust.bitbucket_conditions("sub").filter(|it| it.is_exact() && it.holds_if_missing().is_none()) {
        // `literal-wildcard` reports these.
        if condition.known_values().any(|(_, value)| has_wildcard(value)) {
            continue;
        }
        findings
            .report(condition.operator_span, format!("`{}` on `sub` matches one run at most", condition.operator_name))
            .related(condition.values_span, "the step's UUID is different in every run")
            .help("use `StringLike` with `*` for the step: `{repository UUID}:{environment UUID}:*`");
    }
    for condition in trust.bitbucket_conditions("sub").filter(|it| it.is_like() && it.holds_if_missing().is_none()) {
        for (span, value) in condition.known_values() {
            let Some((title, pattern)) = any_step(value) else { continue };
            findings
                .report(span, format!("`{value}` matches one run at most: it ends in a fixed UUID"))
                .label("the last part is the step's UUID, which is different in every run")
                .help(format!("use `{pattern}`"))
                .fix(title, Safety::Unsafe, vec![trust.respell(span, &pattern)]);
        }
    }
}

/// The pattern that was probably meant by one that ends in a fixed UUID, and what to change.
fn any_step(value: &str) -> Option<(&'static str, String)> {
    let parts: Vec<&str> = value.split(':').collect();
    let (last, before) = parts.split_last()?;
    let fixed = last.trim_start_matches('*');
    Uuid::from_braced(fixed)?;
    if fixed != *last {
        return before.first().map(|first| ("make the environment the second part", format!("{first}:{fixed}:*")));
    }
    match *before {
        [repository] if !has_wildcard(repository) => Some(("append `:*`", format!("{value}:*"))),
        [repository, environment] if has_wildcard(environment) => {
            Some(("make the environment the second part", format!("{repository}:{last}:*")))
        }
        [first, ..] if before.len() <= 2 => {
            let rest = before.get(1).map_or_else(String::new, |second| format!(":{second}"));
            Some(("accept every step", format!("{first}{rest}:*")))
        }
        _ => None,
    }
}
