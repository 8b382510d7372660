use crate::{
    iam::{trust::Trust, trust::bare},
    oidc::{Issuer, could_be_issuer, is_bitbucket_host},
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// An issuer on Bitbucket's host that is not the issuer of a workspace.
    ///
    /// The issuer of Bitbucket's tokens is
    /// `https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc`. IAM compares it with the `iss` of
    /// the token character by character, so a shorter or misspelled URL accepts no token.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"},
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"}
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
    static RULE: "unknown-issuer", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    let mut found: Vec<(String, Vec<Span>)> = Vec::new();
    for statement in &trust.policy.statements {
        let principals = statement.federated().filter_map(|name| {
            let name_as_written = name.to_string();
            let (_, issuer) = name_as_written.split_once("oidc-provider/")?;
            Some((name.span, issuer.to_owned()))
        });
        let keys =
            statement.conditions.iter().filter_map(|it| it.claim().map(|(issuer, _)| (it.key_span, issuer.to_owned())));
        for (span, issuer) in principals.chain(keys) {
            let issuer = bare(&issuer);
            if !is_bitbucket_host(issuer) || could_be_issuer(issuer) {
                continue;
            }
            match found.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(issuer)) {
                Some((_, spans)) => spans.push(span),
                None => found.push((issuer.to_owned(), vec![span])),
            }
        }
    }
    for (issuer, spans) in found {
        let [first, others @ ..] = spans.as_slice() else { continue };
        let finding = findings.report(*first, format!("`{issuer}` is not the issuer of a Bitbucket workspace"));
        finding.help(format!(
            "use `{}`; the repository's settings show the URL under OpenID Connect",
            Issuer::PATTERN.trim_start_matches("https://")
        ));
        for other in others {
            finding.related(*other, "also here");
        }
    }
}
