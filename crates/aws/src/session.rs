//! The credentials of an assumed role.

use std::{fmt, time::SystemTime};

use aws_smithy_types::date_time::{DateTime, Format};
use zeroize::Zeroizing;

/// What STS hands out. Never shown: `Debug` leaves the secrets out, and memory is cleared on drop.
#[derive(Clone)]
pub struct Session {
    /// The access key's id, which is not secret: CloudTrail shows it.
    pub access_key_id: String,
    secret_access_key: Zeroizing<String>,
    token: Zeroizing<String>,
    /// When AWS stops accepting it.
    pub expires: SystemTime,
    /// `arn:aws:sts::<account>:assumed-role/<role>/<session name>`
    pub assumed_role_arn: String,
}

impl Session {
    /// Takes over what STS answered.
    pub fn new(
        access_key_id: String,
        secret_access_key: String,
        session_token: String,
        expires: SystemTime,
        assumed_role_arn: String,
    ) -> Self {
        Self {
            access_key_id,
            secret_access_key: Zeroizing::new(secret_access_key),
            token: Zeroizing::new(session_token),
            expires,
            assumed_role_arn,
        }
    }

    /// The secret access key, for whoever signs with it.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// When AWS stops accepting it, as SDKs read it: `2026-11-23T15:04:05Z`.
    pub fn expiration(&self) -> String {
        DateTime::from(self.expires).fmt(Format::DateTime).unwrap_or_default()
    }

    /// The JSON that AWS SDKs read from a profile's `credential_process`. It holds the secrets.
    pub fn process_credentials(&self) -> String {
        serde_json::json!({
            "Version": 1,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key(),
            "SessionToken": self.session_token(),
            "Expiration": self.expiration(),
        })
        .to_string()
    }

    /// The session token, for whoever signs with it.
    pub fn session_token(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("access_key_id", &self.access_key_id)
            .field("expires", &self.expires)
            .field("assumed_role_arn", &self.assumed_role_arn)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let session = Session::new(
            "AKIA".into(),
            "hidden-key".into(),
            "hidden-token".into(),
            SystemTime::UNIX_EPOCH,
            "arn".into(),
        );
        let shown = format!("{session:?}");
        assert!(shown.contains("AKIA") && !shown.contains("hidden"), "{shown}");
    }
}
