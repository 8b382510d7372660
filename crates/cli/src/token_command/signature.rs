//! Whether a token was signed by one of the keys that its issuer publishes.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use keyless_core::oidc::StepToken;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;

/// The only algorithm of Bitbucket's tokens.
const ALGORITHM: &str = "RS256";

/// The fewest bits of a key that is taken.
const SMALLEST_KEY: usize = 2048;

/// A JSON Web Key Set (RFC 7517), as an issuer publishes it under `keys.json`.
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// A key of a set, as far as RSA needs it.
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

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unverified {
    /// It was made in a way that proves nothing about the issuer, `none` or `HS256` above all.
    Algorithm(Option<String>),
    /// The token demands extensions.
    Critical,
    /// The token does not say with which key.
    NoKeyId,
    /// The set has no such key.
    UnknownKey {
        /// The key that the token names.
        key: String,
        /// Those of the set.
        known: Vec<String>,
    },
    /// The key is none for such signatures.
    UnfitKey {
        /// The key.
        key: String,
        /// Why not.
        reason: &'static str,
    },
    /// The key did not make it: another one did, or the token was changed.
    Wrong {
        /// The key.
        key: String,
    },
}

/// The id of the key that signed the token.
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
            return Err("it is no RSA key");
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
            return Err("its `n` or `e` is no number in Base64");
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
                write!(f, "its `alg` is `{algorithm}`, and only {ALGORITHM} proves that the issuer made it")
            }
            Self::Algorithm(None) => write!(f, "its header has no `alg`, which is to be {ALGORITHM}"),
            Self::Critical => f.write_str("its header has `crit`, which Bitbucket's tokens do not"),
            Self::NoKeyId => f.write_str("its header has no `kid` that says which key made it"),
            Self::UnknownKey { key, known } if known.is_empty() => {
                write!(f, "the file has no key with an id, and the token names `{key}`")
            }
            Self::UnknownKey { key, known } => write!(
                f,
                "no key `{key}` in the file, which has {}; it is of another issuer, or the keys were replaced",
                known.join(", ")
            ),
            Self::UnfitKey { key, reason } => write!(f, "the key `{key}` cannot have made it: {reason}"),
            Self::Wrong { key } => {
                write!(f, "the key `{key}` did not make it: another key did, or the token was changed")
            }
        }
    }
}
