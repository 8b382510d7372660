//! A step's OIDC token, decoded.

use keyless_core::oidc::{self, Claims, Expectations, StepToken, Subject};
use serde::Serialize;

use crate::OrError;

/// The claims of a token, as far as AWS or a reader can use them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TokenClaims {
    issuer: String,
    audiences: Vec<String>,
    subject: String,
    /// The repository's UUID in braces; `null` where the subject does not have Bitbucket's form, as for the next two.
    repository: Option<String>,
    /// The deployment environment's UUID in braces.
    environment: Option<String>,
    /// The step's UUID in braces.
    step: Option<String>,
    /// A claim that AWS does not expose as a condition key.
    branch: Option<String>,
    /// How long the token is still valid, as `59 min`.
    valid_for: Option<String>,
    /// How long ago the token expired.
    expired_since: Option<String>,
    mismatches: Vec<TokenMismatch>,
}

/// Something about a token that does not fit.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TokenMismatch {
    /// Whether AWS rejects the token for it.
    fatal: bool,
    message: String,
}

/// Decodes a token without verifying its signature, and compares it with what AWS expects at `now` (seconds since 1970).
///
/// The answer never contains the token itself.
pub fn read(raw: &str, now: u64) -> OrError<TokenClaims> {
    StepToken::parse(raw.trim()).map(|token| describe(token.claims(), now)).into()
}

fn describe(claims: &Claims, now: u64) -> TokenClaims {
    let subject = Subject::parse(&claims.sub);
    let part = |part: fn(&Subject<'_>) -> Option<String>| subject.as_ref().and_then(part);
    TokenClaims {
        issuer: claims.iss.clone(),
        audiences: claims.aud.iter().map(ToString::to_string).collect(),
        subject: claims.sub.clone(),
        repository: part(|subject| Some(subject.repository.to_string())),
        environment: part(|subject| subject.environment.map(ToString::to_string)),
        step: part(|subject| Some(subject.step.to_string())),
        branch: claims.branch_name.clone(),
        valid_for: claims.exp.checked_sub(now).map(oidc::duration),
        expired_since: now.checked_sub(claims.exp).map(oidc::duration),
        mismatches: oidc::check(claims, &Expectations { now, ..Expectations::default() })
            .iter()
            .map(|mismatch| TokenMismatch { fatal: mismatch.is_fatal(), message: mismatch.to_string() })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_invalid_token_is_rejected_without_repeating_it() {
        let answer = serde_json::to_string(&read("secret.part", 0)).unwrap();
        assert!(answer.contains("error") && !answer.contains("secret"), "{answer}");
    }
}
