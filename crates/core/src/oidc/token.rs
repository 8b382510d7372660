//! The token itself, read without verifying it.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::claims::Claims;

/// The variable in which Bitbucket hands the token to a step with `oidc: true`.
pub const VARIABLE: &str = "BITBUCKET_STEP_OIDC_TOKEN";

/// The most characters that AWS accepts (STS API reference, `AssumeRoleWithWebIdentity`).
const LIMIT: usize = 20_000;

/// The claims without which AWS refuses a token.
const REQUIRED: [&str; 4] = ["iss", "aud", "sub", "exp"];

/// A step's token together with its claims. Never shown: `Debug` prints the claims alone, and memory is cleared on drop.
#[derive(Clone)]
pub struct StepToken {
    raw: Zeroizing<String>,
    header: Header,
    claims: Claims,
}

/// What a token says of its signature (RFC 7515, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `alg`: how it was made.
    pub algorithm: Option<String>,
    /// `kid`: with which key.
    pub key_id: Option<String>,
    /// Whether it has `crit`: extensions that a reader must know.
    pub critical: bool,
}

/// Why a text is no step token. Holds nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Nothing there.
    Empty,
    /// The variable's name instead of its value.
    Unexpanded,
    /// Longer than AWS reads.
    TooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// White space or a quotation mark inside it.
    StrayCharacter,
    /// Not three parts between dots: the number found.
    Parts(usize),
    /// A part that is not Base64 (URL alphabet, no padding).
    Base64(&'static str),
    /// A part that is not a JSON object.
    NotJson(&'static str),
    /// A claim that AWS needs is missing.
    ClaimMissing(&'static str),
    /// A claim does not have the type that tokens use: its name.
    ClaimType(&'static str),
}

impl StepToken {
    /// Reads a token's claims.
    ///
    /// # Errors
    /// [`TokenError`] with the first thing that makes it no token.
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

    /// What it says of its signature.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is signed, and the signature.
    pub fn signed(&self) -> (&str, Vec<u8>) {
        let (signed, signature) = self.raw.rsplit_once('.').unwrap_or_default();
        // it was decoded once, when the token was read
        (signed, URL_SAFE_NO_PAD.decode(signature).unwrap_or_default())
    }

    /// What it claims.
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
    // Looked at one by one, because a person needs the claim's name and serde would print its value.
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

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Unexpanded => {
                f.write_str("it is the literal name of a variable, which nothing replaced by its value")
            }
            Self::TooLarge { length } => write!(f, "it has {length} bytes, AWS reads at most {LIMIT}"),
            Self::StrayCharacter => f.write_str("it contains white space or a quotation mark"),
            Self::Parts(found) => write!(f, "it has {found} part{} between dots, a token has 3", plural(*found)),
            Self::Base64(part) => write!(f, "its {part} is not Base64, it was probably cut or changed"),
            Self::NotJson(part) => write!(f, "its {part} is not a JSON object of claims"),
            Self::ClaimMissing(name) => write!(f, "its claim `{name}` is missing"),
            Self::ClaimType(name) => write!(f, "its claim `{name}` does not have the type that tokens use"),
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    const CLAIMS: &str = r#"{"iss":"https://i","aud":"a","sub":"{r}:{s}","exp":2000,"repositoryUuid":"{r}","new":{}}"#;

    #[test]
    fn claims_are_read_and_never_the_token_shown() {
        let raw = token("{}", CLAIMS);
        let read = StepToken::parse(&raw).unwrap();
        assert_eq!(read.claims().repository_uuid.as_deref(), Some("{r}"));
        assert_eq!(read.expose(), raw);
        let shown = format!("{read:?}");
        assert!(shown.contains("2000") && raw.split('.').all(|part| !shown.contains(part)), "{shown}");
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        for (raw, expected) in [
            (String::new(), "it is empty"),
            (
                "$BITBUCKET_STEP_OIDC_TOKEN".to_owned(),
                "it is the literal name of a variable, which nothing replaced by its value",
            ),
            ("x".repeat(1_000_000), "it has 1000000 bytes, AWS reads at most 20000"),
            ("a.b.c\n".to_owned(), "it contains white space or a quotation mark"),
            ("abc".to_owned(), "it has 1 part between dots, a token has 3"),
            ("a.b.c.d.e".to_owned(), "it has 5 parts between dots, a token has 3"),
            ("e30.e30=.c2ln".to_owned(), "its payload is not Base64, it was probably cut or changed"),
            ("e30.e30.c2l!".to_owned(), "its signature is not Base64, it was probably cut or changed"),
            (token("[]", "{}"), "its header is not a JSON object of claims"),
            (token("{}", "1"), "its payload is not a JSON object of claims"),
            (token("{}", r#"{"iss":"i","aud":"a","sub":"s"}"#), "its claim `exp` is missing"),
            (
                token("{}", r#"{"iss":"i","aud":"a","sub":"s","exp":1.5}"#),
                "its claim `exp` does not have the type that tokens use",
            ),
            (
                token("{}", r#"{"iss":"i","aud":{},"sub":"s","exp":1}"#),
                "its claim `aud` does not have the type that tokens use",
            ),
        ] {
            assert_eq!(StepToken::parse(&raw).unwrap_err().to_string(), expected);
        }
    }
}
