//! What a step's token says; answered as JSON text.

use keyless_core::oidc::{self, Claims, Expectations, StepToken};
use serde_json::{Value, json};

use crate::json_text::written;

/// Reads a step's token without judging its signature: its claims, what AWS sees of them, and what does not fit.
///
/// `now` is in seconds since 1970. The answer is `{"error": …}` for a text that is no token, and never holds the token.
pub fn token(raw: &str, now: u64) -> String {
    match StepToken::parse(raw.trim()) {
        Ok(token) => written(&described(token.claims(), now)),
        Err(error) => written(&json!({ "error": error.to_string() })),
    }
}

fn described(claims: &Claims, now: u64) -> Value {
    let subject = oidc::Subject::parse(&claims.sub);
    let left = claims.exp.checked_sub(now).map(oidc::duration);
    let past = now.checked_sub(claims.exp).map(oidc::duration);
    let mismatches: Vec<_> = oidc::check(claims, &Expectations { now, ..Expectations::default() })
        .iter()
        .map(|mismatch| json!({ "fatal": mismatch.is_fatal(), "message": mismatch.to_string() }))
        .collect();
    json!({
        "issuer": claims.iss,
        "audiences": claims.aud.iter().collect::<Vec<_>>(),
        "subject": claims.sub,
        "repository": subject.map(|subject| subject.repository),
        "environment": subject.and_then(|subject| subject.environment),
        "step": subject.map(|subject| subject.step),
        "branch": claims.branch_name,
        "validFor": left,
        "expiredSince": past,
        "mismatches": mismatches,
    })
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn what_is_no_token_is_refused_without_repeating_it() {
        let answer = token("secret.part", 0);
        assert!(answer.contains("error") && !answer.contains("secret"), "{answer}");
    }
}
