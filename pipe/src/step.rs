//! What Bitbucket tells a step about itself.

use std::{collections::BTreeMap, ffi::OsString};

use keyless_core::{
    aws::SessionName,
    oidc::{Expectations, StepToken, VARIABLE},
};

use crate::mistake::Mistake;

/// The step's default variables (support.atlassian.com, "Variables and secrets").
#[derive(Clone, Copy, Debug)]
pub struct Step<'e>(&'e BTreeMap<OsString, OsString>);

impl<'e> Step<'e> {
    /// The step whose variables these are.
    pub fn new(environment: &'e BTreeMap<OsString, OsString>) -> Self {
        Self(environment)
    }

    fn variable(self, name: &str) -> Option<&'e str> {
        self.0.get(&OsString::from(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
    }

    /// The step's token.
    ///
    /// # Errors
    /// [`Mistake`] when there is none, or what is there is none.
    pub fn token(self) -> Result<StepToken, Mistake> {
        let raw = self.variable(VARIABLE).ok_or(Mistake::NoToken)?;
        StepToken::parse(raw).map_err(Mistake::Token)
    }

    /// What the token should say.
    pub fn expectations(self, now: u64) -> Expectations<'e> {
        Expectations {
            now,
            workspace: self.variable("BITBUCKET_WORKSPACE"),
            repository_uuid: self.variable("BITBUCKET_REPO_UUID"),
            environment_uuid: self.variable("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID"),
            step_uuid: self.variable("BITBUCKET_STEP_UUID"),
        }
    }

    /// The name that CloudTrail shows for this build's calls.
    pub fn session_name(self) -> SessionName {
        let part = |name| self.variable(name).unwrap_or_default();
        SessionName::of_build(part("BITBUCKET_REPO_SLUG"), part("BITBUCKET_BUILD_NUMBER"))
    }
}
