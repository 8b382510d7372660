//! Whether a token was signed by one of the keys that its issuer publishes.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use keyless_core::oidc::StepToken;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;

/// The only algorithm of Bitbucket's tokens.
const ALGORITHM: &str = "RS256";

/// The minimum key size in bits.
const SMALLEST_KEY: usize = 2048;

/// A JSON Web Key Set (RFC 7517), as an issuer publishes it at `keys.json`.
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// A key of a set, with the members of RSA keys.
#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// Why a signature is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unverified {
    /// An algorithm that does not prove the issuer, such as `none` or `HS256`.
    Algorithm(Option<String>),
    /// The token requires extensions.
    Critical,
    /// The token does not have a key ID.
    NoKeyId,
    /// The set does not have the key.
    UnknownKey {
        /// The token's key ID.
        key: String,
        /// The key IDs of the set.
        known: Vec<String>,
    },
    /// The key cannot be used for such signatures.
    UnfitKey {
        /// The key.
        key: String,
        /// The reason.
        reason: &'static str,
    },
    /// The signature does not match the key.
    Wrong {
        /// The key.
        key: String,
    },
}

/// The ID of the key that signed the token.
pub(super) fn verify(token: &StepToken, keys: &KeySet) -> Result<String, Unverified> {
    let header = token.header();
    // Said by the token, and believed by nobody: a check by `none`, or by a key that is public, proves nothing.
    if header.algorithm.as_deref() != Some(ALGORITHM) {
        return Err(Unverified::Algorithm(header.algorithm.clone()));
    }
    if header.critical {
        return Err(Unverified::Critical);
    }
    let key = header.key_id.clone().ok_or(Unverified::NoKeyId)?;
    let mut failure = Unverified::UnknownKey {
        key: key.clone(),
        known: keys.keys.iter().filter_map(|known| known.kid.clone()).collect(),
    };
    let (signed, signature) = token.signed();
    for candidate in keys.keys.iter().filter(|candidate| candidate.kid.as_ref() == Some(&key)) {
        failure = match candidate.components() {
            Err(reason) => Unverified::UnfitKey { key: key.clone(), reason },
            Ok(public) => match public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature) {
                Ok(()) => return Ok(key),
                Err(_) => Unverified::Wrong { key: key.clone() },
            },
        };
    }
    Err(failure)
}

impl Key {
    fn components(&self) -> Result<RsaPublicKeyComponents<Vec<u8>>, &'static str> {
        if self.kty != "RSA" {
            return Err("it is not an RSA key");
        }
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err("its `use` is not `sig`");
        }
        if self.alg.as_deref().is_some_and(|algorithm| algorithm != ALGORITHM) {
            return Err("its `alg` is not RS256");
        }
        let number = |text: &Option<String>| {
            let bytes = URL_SAFE_NO_PAD.decode(text.as_deref()?).ok()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            (zeros < bytes.len()).then(|| bytes[zeros..].to_vec())
        };
        let (Some(n), Some(e)) = (number(&self.n), number(&self.e)) else {
            return Err("its `n` or `e` is not a Base64 number");
        };
        // A modulus has its highest bit set, so that bytes count its bits well enough.
        if n.len() * 8 < SMALLEST_KEY {
            return Err("it has fewer than 2048 bits");
        }
        Ok(RsaPublicKeyComponents { n, e })
    }
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Algorithm(Some(algorithm)) => {
                write!(f, "`alg` must be {ALGORITHM}, found `{algorithm}`")
            }
            Self::Algorithm(None) => write!(f, "missing `alg` in the header, expected {ALGORITHM}"),
            Self::Critical => f.write_str("the header has `crit`, which is not supported"),
            Self::NoKeyId => f.write_str("missing `kid` in the header"),
            Self::UnknownKey { key, known } if known.is_empty() => {
                write!(f, "unknown key `{key}`; the file has no keys with an ID")
            }
            Self::UnknownKey { key, known } => write!(
                f,
                "unknown key `{key}`; the file has {}: the token has another issuer, or the keys were rotated",
                known.join(", ")
            ),
            Self::UnfitKey { key, reason } => write!(f, "key `{key}` cannot be used: {reason}"),
            Self::Wrong { key } => {
                write!(f, "signature does not match key `{key}`; the token was modified or signed by another key")
            }
        }
    }
}
