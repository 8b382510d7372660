//! One call of `AssumeRoleWithWebIdentity`, as IAM sees it: who asks, and what is known of the request.

use std::collections::BTreeMap;

use super::{
    key::{self, Availability, CLAIMS, Key},
    partial::Partial,
    policy::ASSUME_WITH_WEB_IDENTITY,
};
use crate::oidc::{self, Audience, Claims, Issuer};

/// A request for a role session.
#[derive(Clone, Debug)]
pub struct Request {
    /// The action that is asked for.
    pub action: String,
    /// The token's issuer without `https://`, which names the identity provider; `None` where it is not known.
    pub issuer: Option<String>,
    /// The account of the role, where the provider must be; `None` where it is not known.
    pub account: Option<String>,
    keys: BTreeMap<String, Entry>,
}

/// What a request says of one condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// One value.
    Value(String),
    /// A list of values, perhaps of one or none.
    List(Vec<String>),
    /// One value, of which a part is known.
    Partial(Partial),
    /// The request has no such key.
    Absent,
    /// Nobody said.
    Unknown,
}

impl Request {
    /// A call with a token of `issuer`, of which nothing more is known.
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

    /// Says what the request has for a condition key, in any letter case.
    pub fn set(&mut self, key: &str, entry: Entry) {
        self.keys.insert(key.to_ascii_lowercase(), entry);
    }

    /// Says what the token's claims are, as IAM turns them into keys: where there is an `azp`, it is what the `aud` key
    /// compares, and `oaud` has the token's audience (`reference_policies_iam-condition-keys`). A claim that the token
    /// lacks is absent.
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

    /// What the request has for a condition key.
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
                // Of a Bitbucket token IAM sees only the claims of the list; for others it has lists of its own.
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
