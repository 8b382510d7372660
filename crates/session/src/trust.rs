//! The role's trust policy, where it can be read: evaluated with the token's claims after AWS refused the session,
//! because AWS does not say which condition failed.

use keyless_core::{
    aws::RoleArn,
    iam::{
        evaluate::{Evaluation, evaluate},
        request::Request,
        role::{self, RoleError, RoleSelector},
    },
    oidc::Claims,
};

/// Evaluates the trust policy that a document has for `role` with a token's claims.
///
/// # Errors
/// [`RoleError`] when the document has no policy for the role.
pub(crate) fn evaluate_policy(text: &str, role: &RoleArn, claims: &Claims) -> Result<Evaluation, RoleError> {
    let selected = role::read_one(text, Some(&RoleSelector::Arn(role.clone())))?;
    let mut request = Request::with_token(claims);
    request.account = Some(role.account().to_string());
    Ok(evaluate(&selected.policy, &request))
}

#[cfg(test)]
mod tests {
    use keyless_core::{
        iam::evaluate::Verdict,
        setup::{Profile, Setup, Subject, cloudformation, plan},
    };

    use super::*;

    const WEB: &str = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
    const PRODUCTION: &str = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";

    fn template() -> String {
        let subject = |name: &str, uuid: &str| Subject {
            repository: "web".into(),
            repository_uuid: WEB.into(),
            environment: Some((name.into(), uuid.into())),
        };
        let setup = Setup {
            workspace: "acme".into(),
            workspace_uuid: "{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}".into(),
            subjects: vec![
                subject("production", PRODUCTION),
                subject("staging", "{1a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}"),
            ],
            profile: Profile::Minimal,
            with_read_only: true,
            read_only: Vec::new(),
            deploy_accounts: Vec::new(),
            permissions_boundary: None,
            role_path: "/".to_owned(),
            pipe: None,
            prefix: "bitbucket".into(),
            qualifier: "hnb659fds".into(),
            addresses: Vec::new(),
            bind_session: false,
            session_seconds: 3600,
            provider_exists: false,
            trust_policy_quota: 2048,
        };
        serde_json::to_string(&cloudformation::template(&plan(&setup).unwrap())).unwrap()
    }

    #[test]
    fn a_role_is_found_by_its_name_in_aws_among_several() {
        let claims: Claims = serde_json::from_value(serde_json::json!({
            "iss": "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            "aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1",
            "sub": format!("{WEB}:{PRODUCTION}:{{2b2b2c3d-4e5f-4061-8273-8495a6b7c8d9}}"),
            "exp": 1,
        }))
        .unwrap();
        for (name, verdict) in [("bitbucket-web-production", Verdict::Allow), ("bitbucket-web-staging", Verdict::Deny)]
        {
            let role = RoleArn::parse(&format!("arn:aws:iam::123456789012:role/{name}")).unwrap();
            assert_eq!(evaluate_policy(&template(), &role, &claims).unwrap().verdict, verdict, "{name}");
        }
        let other = RoleArn::parse("arn:aws:iam::123456789012:role/other").unwrap();
        assert!(
            evaluate_policy(&template(), &other, &claims).unwrap_err().to_string().contains("bitbucket-web-staging")
        );
    }
}
