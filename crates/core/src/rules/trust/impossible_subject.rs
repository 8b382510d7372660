use crate::{
    iam::{policy::Condition, trust::Trust, trust::has_wildcard},
    oidc::{AUDIENCE, Uuid},
    rules::{Findings, rule},
};

rule! {
    /// A subject pattern that matches no token, because its parts are not those of a subject.
    ///
    /// A subject is `{repository}:{step}`, or `{repository}:{environment}:{step}` in a deployment step. All parts are
    /// UUIDs in braces: there is no workspace, branch, slug or name in it. With a pattern that never matches, no step
    /// can assume the role.
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:main:*"}
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
    static RULE: "impossible-subject", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.trusting_bitbucket() {
        let workspaces: Vec<_> = statement
            .claim("aud")
            .flat_map(Condition::known_values)
            .filter_map(|(_, value)| value.strip_prefix(AUDIENCE).map(|uuid| format!("{{{uuid}}}")))
            .collect();
        for claim in ["sub", "aud"].into_iter().filter(|claim| statement.requires(claim, false)) {
            findings
                .report(
                    statement.place(),
                    format!("every token has `{claim}`, so the condition that it is missing is never true"),
                )
                .help(format!("remove the `Null` condition on `{claim}`, or change its value to `false`"));
        }
        // One that matches nothing makes a negated condition true: `missing-subject-condition` reports it.
        let subjects = statement.claim("sub").filter(|it| !it.is_negated());
        for (span, value) in subjects.flat_map(Condition::known_values) {
            if let Some(message) = fault(value, &workspaces) {
                findings.report(span, format!("`{value}` never matches: {message}")).help(
                    "use `{repository UUID}:*`, or `{repository UUID}:{environment UUID}:*` for a deployment environment",
                );
            }
        }
    }
}

fn fault(value: &str, workspaces: &[String]) -> Option<String> {
    if value.contains("${") {
        return None;
    }
    let parts: Vec<&str> = value.split(':').collect();
    if workspaces.iter().any(|workspace| workspace == parts[0]) {
        return Some("it begins with the UUID of the workspace instead of the repository".to_owned());
    }
    for (at, part) in parts.iter().enumerate() {
        if at == 3 {
            return Some("a subject has at most three parts".to_owned());
        }
        // `unbraced-subject` reports UUIDs without braces.
        if has_wildcard(part) || Uuid::parse(part).is_ok() {
            continue;
        }
        return Some(format!("a subject consists of UUIDs in braces, and `{part}` is not one"));
    }
    (parts.len() == 1 && !has_wildcard(value)).then(|| "the part for the step is missing".to_owned())
}
