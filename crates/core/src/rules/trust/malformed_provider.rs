use crate::{
    iam::{trust::Trust, trust::bare},
    rules::{Findings, rule},
};

rule! {
    /// An identity provider that is not given by its ARN.
    ///
    /// An OIDC provider of the account is a principal by its ARN,
    /// `arn:aws:iam::<account>:oidc-provider/<URL without https://>`. Only a few public providers that are built into IAM, such
    /// as `accounts.google.com`, go by their name. With the name of any other provider, no token is accepted.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
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
    static RULE: "malformed-provider", Error, check
}

/// The providers that are principals by their name.
///
/// Source: `reference_policies_elements_principal`, "OIDC federated principals".
const BUILT_IN: [&str; 4] =
    ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in &trust.policy.statements {
        for principal in statement.federated() {
            let Some(name) = principal.as_str().filter(|name| !BUILT_IN.contains(name) && !name.contains('*')) else {
                // Of an ARN that a template leaves open, the beginning may be known.
                if principal.as_str().is_none()
                    && principal.prefix().len() > 4
                    && !principal.prefix().starts_with("arn:")
                {
                    findings
                        .report(principal.span, format!("`{principal}` is not the ARN of an identity provider"))
                        .help(format!(
                            "use `arn:aws:iam::<account ID>:oidc-provider/{}`",
                            bare(&principal.to_string())
                        ));
                }
                continue;
            };
            let Some(("arn", rest)) = name.split_once(':') else {
                findings
                    .report(principal.span, format!("`{name}` is not the ARN of an identity provider"))
                    .help(format!("use `arn:aws:iam::<account ID>:oidc-provider/{}`", bare(name)));
                continue;
            };
            if let Some(fault) = fault(rest) {
                findings
                    .report(principal.span, format!("malformed ARN of an identity provider: {fault}"))
                    .help("use `arn:aws:iam::<account ID>:oidc-provider/<URL without https://>`");
            }
        }
    }
}

/// What is wrong with an ARN, given what follows `arn:`.
fn fault(rest: &str) -> Option<String> {
    let parts: Vec<&str> = rest.splitn(5, ':').collect();
    let [_partition, service, region, account, resource] = parts[..] else {
        return Some("an ARN has six parts, separated by colons".to_owned());
    };
    if service != "iam" {
        return Some(format!("the service is `iam`, found `{service}`"));
    }
    if !region.is_empty() {
        return Some(format!("IAM has no regions, found `{region}`"));
    }
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("an account ID has 12 digits, found `{account}`"));
    }
    let known = ["oidc-provider/", "saml-provider/"]
        .iter()
        .any(|kind| resource.len() > kind.len() && resource.starts_with(kind));
    (!known).then(|| format!("`{resource}` is not an identity provider"))
}
