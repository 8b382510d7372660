//! A call of `AssumeRoleWithWebIdentity` as IAM sees it: the caller and the condition keys.

use std::collections::BTreeMap;

use super::{
    key::{self, AUTHORIZED_BY_IDP, Availability, CLAIMS, Key},
    partial::Partial,
    policy::{ASSUME_WITH_WEB_IDENTITY, Condition},
};
use crate::oidc::{self, Audience, Claims, Issuer};

/// A request for a role session.
#[derive(Clone, Debug)]
pub struct Request {
    /// The requested action.
    pub action: String,
    /// The token's issuer without `https://`, which is the name of the identity provider; `None` if unknown.
    pub issuer: Option<String>,
    /// The account of the role, which must also have the provider; `None` if unknown.
    pub account: Option<String>,
    keys: BTreeMap<String, Entry>,
}

/// The value of a condition key in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// One value.
    Value(String),
    /// A list of values, possibly empty.
    List(Vec<String>),
    /// One value, partly known.
    Partial(Partial),
    /// The request does not have the key.
    Absent,
    /// Not known.
    Unknown,
}

impl Request {
    /// A call with a token of `issuer` and nothing else known.
    pub fn new(issuer: Option<&str>) -> Self {
        Self {
            action: ASSUME_WITH_WEB_IDENTITY.to_owned(),
            issuer: issuer.map(|issuer| oidc::provider_name(issuer).to_owned()),
            account: None,
            keys: BTreeMap::new(),
        }
    }

    /// A call with a Bitbucket step's token.
    pub fn with_token(claims: &Claims) -> Self {
        let mut request = Self::new(Some(&claims.iss));
        let audience = match &claims.aud {
            Audience::One(one) => Entry::Value(one.clone()),
            Audience::Many(many) => Entry::List(many.clone()),
        };
        let azp = claims.azp.clone().map_or(Entry::Absent, Entry::Value);
        request.claims(&[("aud", audience), ("azp", azp), ("sub", Entry::Value(claims.sub.clone()))]);
        request
    }

    /// Sets the value of a condition key, which is not case-sensitive.
    pub fn set(&mut self, key: &str, entry: Entry) {
        self.keys.insert(key.to_ascii_lowercase(), entry);
    }

    /// Sets the condition keys for the claims of the token, as IAM maps them: if there is an `azp`, the `aud` key has its
    /// value, and `oaud` has the token's audience (`reference_policies_iam-condition-keys`). Other claims are absent.
    pub fn claims(&mut self, claims: &[(&str, Entry)]) {
        let Some(issuer) = self.issuer.clone() else { return };
        let claim = |name: &str| {
            claims.iter().find(|(claim, _)| *claim == name).map_or(Entry::Absent, |(_, value)| value.clone())
        };
        for name in CLAIMS {
            let value = match (name, claim("azp")) {
                ("aud", azp @ (Entry::Value(_) | Entry::Partial(_) | Entry::Unknown)) => azp,
                ("oaud", _) => claim("aud"),
                (name, _) => claim(name),
            };
            self.set(&format!("{issuer}:{name}"), value);
        }
    }

    /// The values that the key of a condition may have: several, if parts of the key are known only after deployment, or
    /// if AWS does not document the value.
    pub fn entries(&self, condition: &Condition) -> Vec<Entry> {
        let Some(own) = &self.issuer else { return vec![self.entry(&condition.key)] };
        match condition.parsed_key() {
            Key::Claim { claim, .. } if condition.key_open => {
                vec![self.entry(&format!("{own}:{claim}")), Entry::Absent]
            }
            Key::Service(_) if condition.key_open => vec![Entry::Unknown],
            // Bitbucket's tokens have no claim for roles.
            Key::Service(key)
                if key.eq_ignore_ascii_case(AUTHORIZED_BY_IDP)
                    && Issuer::from_provider_name(own).is_ok()
                    && !self.keys.contains_key(&key.to_ascii_lowercase()) =>
            {
                vec![Entry::Value("false".to_owned()), Entry::Absent]
            }
            _ => vec![self.entry(&condition.key)],
        }
    }

    /// The value of a condition key.
    pub fn entry(&self, key: &str) -> Entry {
        if let Some(entry) = self.keys.get(&key.to_ascii_lowercase()) {
            return entry.clone();
        }
        match Key::new(key) {
            Key::Service(key) => match key::availability(key) {
                Availability::Always(value) => Entry::Value(value.to_owned()),
                Availability::Sometimes => Entry::Unknown,
                Availability::Never => Entry::Absent,
            },
            Key::Claim { issuer, claim } => match &self.issuer {
                Some(own) if !own.eq_ignore_ascii_case(issuer) => Entry::Absent,
                // IAM exposes only these claims of Bitbucket's tokens, but more for some other issuers.
                Some(own) if Issuer::from_provider_name(own).is_ok() && !is_common(claim) => Entry::Absent,
                _ => Entry::Unknown,
            },
        }
    }
}

fn is_common(claim: &str) -> bool {
    CLAIMS.iter().any(|known| known.eq_ignore_ascii_case(claim))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: &str = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";

    fn value(text: &str) -> Entry {
        Entry::Value(text.to_owned())
    }

    #[test]
    fn an_authorized_party_takes_the_place_of_the_audience() {
        let mut request = Request::new(Some(&format!("https://{PROVIDER}")));
        request.claims(&[("aud", value("a")), ("azp", value("b")), ("branchName", value("main"))]);
        for (claim, expected) in
            [("aud", value("b")), ("OAUD", value("a")), ("sub", Entry::Absent), ("branchName", Entry::Absent)]
        {
            assert_eq!(request.entry(&format!("{PROVIDER}:{claim}")), expected, "{claim}");
        }
        assert_eq!(request.entry("accounts.google.com:aud"), Entry::Absent);
        assert_eq!(request.entry("aws:SourceIp"), Entry::Unknown);
        assert_eq!(request.entry("aws:PrincipalArn"), Entry::Absent);
        assert_eq!(request.entry("aws:SecureTransport"), value("true"));
    }
}
