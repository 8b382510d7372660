use crate::{
    diagnostic::Safety,
    iam::{
        policy::{ASSUME_WITH_WEB_IDENTITY, PrincipalKind},
        trust::Trust,
    },
    rules::{Findings, rule},
};

rule! {
    /// An action that the principal of the statement cannot call.
    ///
    /// A web identity calls `sts:AssumeRoleWithWebIdentity`. `sts:AssumeRole` is for principals with AWS credentials,
    /// and SAML providers have `sts:AssumeRoleWithSAML`. With the wrong action the statement never applies, and AWS
    /// answers `AccessDenied`.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRole",
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
    /// Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html>.
    static RULE: "action-principal-mismatch", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing() {
        let (Some(principals), Some(actions)) = (&statement.principals, &statement.actions) else { continue };
        if principals.negated || actions.negated {
            continue;
        }
        let oidc = statement.issuers().next().is_some();
        if oidc && !statement.means(ASSUME_WITH_WEB_IDENTITY) {
            let place = actions.items.first().map_or(actions.key_span, |action| action.span);
            let finding = findings.report(place, "an identity provider's tokens cannot be used with this action");
            finding.help(format!("use `{ASSUME_WITH_WEB_IDENTITY}`"));
            let only_federated = principals.items.iter().all(|it| it.kind == PrincipalKind::Federated);
            if let [only] = actions.items.as_slice()
                && only_federated
                && only.as_str() == Some("sts:AssumeRole")
            {
                finding.fix(
                    format!("use `{ASSUME_WITH_WEB_IDENTITY}`"),
                    Safety::Safe,
                    vec![trust.respell(only.span, ASSUME_WITH_WEB_IDENTITY)],
                );
            }
        }
        let signed = |kind| matches!(kind, PrincipalKind::Aws | PrincipalKind::Service);
        let only_signed = !principals.items.is_empty()
            && principals.items.iter().all(|it| signed(it.kind) && it.name.as_str() != Some("*"));
        let web = actions
            .items
            .iter()
            .find(|it| it.as_str().is_some_and(|name| name.eq_ignore_ascii_case(ASSUME_WITH_WEB_IDENTITY)));
        if let (true, Some(web)) = (only_signed, web) {
            findings.report(web.span, "an AWS principal has no token for this action").help(
                "set the identity provider as principal, {\"Federated\": \"arn:…:oidc-provider/…\"}, or use `sts:AssumeRole`",
            );
        }
    }
}
