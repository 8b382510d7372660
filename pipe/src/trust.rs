//! The role's trust policy, where it can be read: judged with the token's claims after AWS refused, because AWS does not
//! say which condition failed.

use std::fmt;

use keyless_core::{
    aws::RoleArn,
    iam::{
        evaluate::{Evaluation, evaluate},
        policy,
        request::Request,
        template::{Document, Unreadable},
    },
    oidc::Claims,
};

/// Why a policy cannot be judged.
#[derive(Debug)]
pub enum TrustError {
    /// There is no trust policy in the text.
    Unreadable(Unreadable),
    /// It has several roles, and none of this name.
    Role(String),
}

/// What the policy of `role` in a text says of a token.
///
/// # Errors
/// [`TrustError`] when there is none to judge.
pub fn judge(text: &str, role: &RoleArn, claims: &Claims) -> Result<Evaluation, TrustError> {
    let document = Document::parse(text).map_err(TrustError::Unreadable)?;
    let policies = document.trust_policies().map_err(TrustError::Unreadable)?;
    let of_role = policies.iter().find(|found| found.role == role.name());
    let only = policies.first().filter(|_| policies.len() == 1);
    let found = of_role.or(only).ok_or_else(|| TrustError::Role(role.name().to_owned()))?;
    let (policy, _) = policy::read(&found.policy, found.template);
    let mut request = Request::with_token(claims);
    request.account = Some(role.account().to_string());
    Ok(evaluate(&policy, &request))
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Role(name) => write!(f, "several roles, and none of them is `{name}`"),
        }
    }
}

impl std::error::Error for TrustError {}
