//! Credentials that calls are signed with.

use std::fmt;

use zeroize::Zeroizing;

use crate::{environment::Environment, session::Session};

/// Credentials of AWS, of a session or of a user. Never shown: `Debug` leaves the secrets out, and memory is cleared on drop.
#[derive(Clone)]
pub struct Keys {
    /// The access key's id, which is not secret: CloudTrail shows it.
    pub access_key_id: String,
    pub(crate) secret_access_key: Zeroizing<String>,
    pub(crate) session_token: Option<Zeroizing<String>>,
}

impl Keys {
    /// The values of `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; `None` when one of the first two
    /// is not set.
    pub fn from_environment(environment: &Environment) -> Option<Self> {
        let set = |name: &str| environment.get(name).map(str::to_owned);
        Some(Self {
            access_key_id: set("AWS_ACCESS_KEY_ID")?,
            secret_access_key: Zeroizing::new(set("AWS_SECRET_ACCESS_KEY")?),
            session_token: set("AWS_SESSION_TOKEN").map(Zeroizing::new),
        })
    }

    /// Whether they expire: only temporary credentials have a session token.
    pub fn are_temporary(&self) -> bool {
        self.session_token.is_some()
    }
}

impl From<&Session> for Keys {
    fn from(session: &Session) -> Self {
        Self {
            access_key_id: session.access_key_id.clone(),
            secret_access_key: Zeroizing::new(session.secret_access_key().to_owned()),
            session_token: Some(Zeroizing::new(session.session_token().to_owned())),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_needed_and_none_is_shown() {
        let keys = |id: &str, secret: &str| {
            let variables = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)];
            Keys::from_environment(&variables.into_iter().collect())
        };
        assert!(keys("AKIA", "").is_none() && keys("", "hidden").is_none());
        let shown = format!("{:?}", keys("AKIA", "hidden").unwrap());
        assert!(shown.contains("AKIA") && !shown.contains("hidden"), "{shown}");
    }
}
