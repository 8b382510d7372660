//! Tokens signed as Bitbucket signs them, with a key that is generated when the tests run.

use std::process::Command;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair, PublicKeyComponents},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use serde_json::{Value, json};

use crate::secrets;

/// The key id in the JWKS and in the tokens' header.
const KEY_ID: &str = "tests";

/// An issuer of tokens.
#[derive(Debug)]
pub struct Issuer {
    key: KeyPair,
}

/// A JSON Web Key Set, as an issuer publishes it.
#[derive(Clone, Debug)]
pub struct Jwks(Value);

impl Issuer {
    /// Creates an issuer with a new RSA key. The key is never written to disk.
    ///
    /// # Panics
    /// When openssl is missing.
    pub fn new() -> Self {
        let made = Command::new("openssl")
            .args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"])
            .output()
            .expect("openssl is installed");
        // Depending on its version, OpenSSL writes PKCS#1 or PKCS#8.
        let key = KeyPair::from_der(&made.stdout).or_else(|_| KeyPair::from_pkcs8(&made.stdout));
        Self { key: key.expect("openssl makes RSA keys") }
    }

    /// A token with these claims.
    ///
    /// # Panics
    /// When the operating system provides no random bytes.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": KEY_ID, "typ": "JWT" });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("RSA keys sign");
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        secrets::remember(&token);
        token
    }

    /// Its public key, as Bitbucket would publish it.
    pub fn jwks(&self) -> Jwks {
        let public: PublicKeyComponents<Vec<u8>> = self.key.public_key().into();
        Jwks(json!({ "keys": [{
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": KEY_ID,
            "n": URL_SAFE_NO_PAD.encode(&public.n),
            "e": URL_SAFE_NO_PAD.encode(&public.e),
        }] }))
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The claims; the signature is valid.
    Signed(Value),
    /// Not a JWT.
    NotAToken,
    /// The token names an unknown key or another algorithm.
    NoKey,
    /// The signature does not match.
    BadSignature,
}

impl Jwks {
    /// Verifies a token's RS256 signature.
    pub fn verify(&self, token: &str) -> Verdict {
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let json = |part: &str| decode(part).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let Some((signed, signature)) = token.rsplit_once('.') else { return Verdict::NotAToken };
        let Some((header, payload)) = signed.split_once('.') else { return Verdict::NotAToken };
        let (Some(header), Some(claims), Some(signature)) = (json(header), json(payload), decode(signature)) else {
            return Verdict::NotAToken;
        };
        let keys = self.0["keys"].as_array().into_iter().flatten();
        let key = keys.filter(|key| key["alg"] == header["alg"]).find(|key| key["kid"] == header["kid"]);
        let component = |name: &str| key.and_then(|key| key[name].as_str()).and_then(decode);
        let (Some(n), Some(e)) = (component("n"), component("e")) else { return Verdict::NoKey };
        match (PublicKeyComponents { n, e }).verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature) {
            Ok(()) => Verdict::Signed(claims),
            Err(_) => Verdict::BadSignature,
        }
    }
}
