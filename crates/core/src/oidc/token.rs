//! The token itself, read without verifying it.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::claims::Claims;

/// The variable in which Bitbucket passes the token to a step with `oidc: true`.
pub const VARIABLE: &str = "BITBUCKET_STEP_OIDC_TOKEN";

/// The most characters that AWS accepts (STS API reference, `AssumeRoleWithWebIdentity`).
const LIMIT: usize = 20_000;

/// The claims without which AWS rejects a token.
const REQUIRED: [&str; 4] = ["iss", "aud", "sub", "exp"];

/// A step's token with its claims. Never printed: `Debug` prints only the claims, and memory is cleared on drop.
#[derive(Clone)]
pub struct StepToken {
    raw: Zeroizing<String>,
    header: Header,
    claims: Claims,
}

/// The header of a token, which describes its signature (RFC 7515, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `alg`: the algorithm.
    pub algorithm: Option<String>,
    /// `kid`: the key.
    pub key_id: Option<String>,
    /// Whether it has `crit`: extensions that a verifier must support.
    pub critical: bool,
}

/// Why a string is not a step token. Contains nothing of the string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The string is empty.
    #[error("it is empty")]
    Empty,
    /// The variable's name instead of its value.
    #[error("it is the name of a variable instead of its value; the variable was not expanded")]
    Unexpanded,
    /// Longer than AWS accepts.
    #[error("it has {length} bytes; AWS accepts at most {LIMIT}")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// White space or a quotation mark inside it.
    #[error("it contains white space or a quotation mark")]
    StrayCharacter,
    /// Not three parts between dots: the number found.
    #[error("it has {} between dots, expected 3", parts(*.0))]
    Parts(usize),
    /// A part that is not Base64 (URL alphabet, no padding).
    #[error("its {0} is not valid Base64; it was probably truncated or modified")]
    Base64(&'static str),
    /// A part that is not a JSON object.
    #[error("its {0} is not a JSON object")]
    NotJson(&'static str),
    /// A claim that AWS requires is missing.
    #[error("its claim `{0}` is missing")]
    ClaimMissing(&'static str),
    /// A claim has another type than in tokens: its name.
    #[error("its claim `{0}` has the wrong type")]
    ClaimType(&'static str),
}

impl StepToken {
    /// Reads a token's claims.
    ///
    /// # Errors
    /// [`TokenError`] for the first problem.
    pub fn parse(raw: &str) -> Result<Self, TokenError> {
        if raw.is_empty() {
            return Err(TokenError::Empty);
        }
        if raw.len() > LIMIT {
            return Err(TokenError::TooLarge { length: raw.len() });
        }
        if raw.starts_with('$') {
            return Err(TokenError::Unexpanded);
        }
        if raw.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) {
            return Err(TokenError::StrayCharacter);
        }
        let parts: Vec<&str> = raw.split('.').collect();
        let &[header, payload, signature] = parts.as_slice() else {
            return Err(TokenError::Parts(parts.len()));
        };
        let header = object("header", header)?;
        let payload = object("payload", payload)?;
        URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Base64("signature"))?;
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
        let header = Header { algorithm: text("alg"), key_id: text("kid"), critical: header.contains_key("crit") };
        Ok(Self { raw: Zeroizing::new(raw.to_owned()), header, claims: claims(payload)? })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The signed part, and the signature.
    pub fn signed(&self) -> (&str, Vec<u8>) {
        let (signed, signature) = self.raw.rsplit_once('.').unwrap_or_default();
        // decoding succeeded once, in `parse`
        (signed, URL_SAFE_NO_PAD.decode(signature).unwrap_or_default())
    }

    /// The claims.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The token, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.raw
    }
}

fn object(part: &'static str, encoded: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenError::Base64(part))?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::NotJson(part))
}

fn claims(payload: Map<String, Value>) -> Result<Claims, TokenError> {
    if let Some(missing) = REQUIRED.into_iter().find(|name| !payload.contains_key(*name)) {
        return Err(TokenError::ClaimMissing(missing));
    }
    // Checked one by one: serde's message would contain the value instead of the claim's name.
    let text = |value: &Value| value.is_string();
    let seconds = |value: &Value| value.is_u64();
    let texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    for name in ["iss", "sub"] {
        if !payload.get(name).is_some_and(text) {
            return Err(TokenError::ClaimType(name));
        }
    }
    if !payload.get("aud").is_some_and(|aud| text(aud) || texts(aud)) {
        return Err(TokenError::ClaimType("aud"));
    }
    for name in ["exp", "iat", "nbf"] {
        if payload.get(name).is_some_and(|value| !seconds(value)) {
            return Err(TokenError::ClaimType(name));
        }
    }
    Claims::deserialize(Value::Object(payload)).map_err(|_| TokenError::NotJson("payload"))
}

impl fmt::Debug for StepToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepToken").field("claims", &self.claims).finish_non_exhaustive()
    }
}

fn parts(count: usize) -> String {
    format!("{count} part{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    const CLAIMS: &str = r#"{"iss":"https://i","aud":"a","sub":"{r}:{s}","exp":2000,"repositoryUuid":"{r}","new":{}}"#;

    #[test]
    fn claims_are_read_and_the_token_is_never_printed() {
        let raw = token("{}", CLAIMS);
        let read = StepToken::parse(&raw).unwrap();
        assert_eq!(read.claims().repository_uuid.as_deref(), Some("{r}"));
        assert_eq!(read.expose(), raw);
        let shown = format!("{read:?}");
        assert!(shown.contains("2000") && raw.split('.').all(|part| !shown.contains(part)), "{shown}");
    }

    #[test]
    fn an_invalid_token_says_what_is_wrong() {
        for (raw, expected) in [
            (String::new(), "it is empty"),
            (
                "$BITBUCKET_STEP_OIDC_TOKEN".to_owned(),
                "it is the name of a variable instead of its value; the variable was not expanded",
            ),
            ("x".repeat(1_000_000), "it has 1000000 bytes; AWS accepts at most 20000"),
            ("a.b.c\n".to_owned(), "it contains white space or a quotation mark"),
            ("abc".to_owned(), "it has 1 part between dots, expected 3"),
            ("a.b.c.d.e".to_owned(), "it has 5 parts between dots, expected 3"),
            ("e30.e30=.c2ln".to_owned(), "its payload is not valid Base64; it was probably truncated or modified"),
            ("e30.e30.c2l!".to_owned(), "its signature is not valid Base64; it was probably truncated or modified"),
            (token("[]", "{}"), "its header is not a JSON object"),
            (token("{}", "1"), "its payload is not a JSON object"),
            (token("{}", r#"{"iss":"i","aud":"a","sub":"s"}"#), "its claim `exp` is missing"),
            (token("{}", r#"{"iss":"i","aud":"a","sub":"s","exp":1.5}"#), "its claim `exp` has the wrong type"),
            (token("{}", r#"{"iss":"i","aud":{},"sub":"s","exp":1}"#), "its claim `aud` has the wrong type"),
        ] {
            assert_eq!(StepToken::parse(&raw).unwrap_err().to_string(), expected);
        }
    }
}
