//! The environment of a child process: scrubbed of whatever would win over the session, then given the session.

use std::{collections::BTreeMap, ffi::OsString, fmt};

use keyless_core::{aws::Region, oidc};

use crate::{endpoint::CredentialsEndpoint, session::Session};

/// What AWS SDKs read before a container's credentials, and what the child has no business with. Order of the providers:
/// environment, profile files, web identity, container (AWS SDKs and tools reference, "Standardized credential providers").
const REMOVED: [&str; 20] = [
    oidc::VARIABLE,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_OIDC_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_SDK_LOAD_CONFIG",
];

/// Profile files win over a container's credentials, and a runner's home may hold some.
const EMPTIED: [&str; 2] = ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"];

/// How a child receives the session.
#[derive(Clone, Copy, Debug)]
pub enum Handover<'a> {
    /// It asks the endpoint.
    Endpoint(&'a CredentialsEndpoint),
    /// It has the keys in its environment, as processes inside `docker build` need.
    Environment(&'a Session),
}

/// The variables of a child process.
#[derive(Clone)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Takes `inherited` without everything that would win over a session.
    pub fn scrubbed(inherited: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut variables: BTreeMap<_, _> = inherited.into_iter().collect();
        for name in REMOVED {
            variables.remove(&OsString::from(name));
        }
        for name in EMPTIED {
            variables.insert(name.into(), "/dev/null".into());
        }
        Self(variables)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Sets a variable unless it is there.
    pub fn set_default(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.entry(name.into()).or_insert_with(|| value.into());
        self
    }

    /// Hands the session over, with the region that it is for.
    pub fn hand_over(&mut self, handover: Handover<'_>, region: &Region) -> &mut Self {
        self.set("AWS_REGION", region.name()).set("AWS_DEFAULT_REGION", region.name());
        // The instance the step runs on has a role of its own, which must never stand in.
        self.set("AWS_EC2_METADATA_DISABLED", "true");
        match handover {
            Handover::Endpoint(endpoint) => self
                .set("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.url())
                .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", endpoint.bearer()),
            Handover::Environment(session) => self
                .set("AWS_ACCESS_KEY_ID", &session.access_key_id)
                .set("AWS_SECRET_ACCESS_KEY", session.secret_access_key())
                .set("AWS_SESSION_TOKEN", session.session_token()),
        }
    }

    /// The variables, for the command that starts the child.
    pub fn into_variables(self) -> impl Iterator<Item = (OsString, OsString)> {
        self.0.into_iter()
    }
}

/// Names alone: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_wins_over_the_session_is_passed_on() {
        let inherited = REMOVED.into_iter().chain(["PATH", "AWS_CONFIG_FILE"]).map(|name| (name.into(), "old".into()));
        let mut environment = Environment::scrubbed(inherited);
        let session =
            Session::new("id".into(), "key".into(), "token".into(), std::time::SystemTime::UNIX_EPOCH, "arn".into());
        environment.hand_over(Handover::Environment(&session), &Region::parse("eu-west-1").unwrap());
        let shown: Vec<String> = environment
            .into_variables()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(
            shown,
            [
                "AWS_ACCESS_KEY_ID=id",
                "AWS_CONFIG_FILE=/dev/null",
                "AWS_DEFAULT_REGION=eu-west-1",
                "AWS_EC2_METADATA_DISABLED=true",
                "AWS_REGION=eu-west-1",
                "AWS_SECRET_ACCESS_KEY=key",
                "AWS_SESSION_TOKEN=token",
                "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
                "PATH=old",
            ]
        );
    }
}
