//! The variables that Bitbucket sets in a step.

use keyless_aws::Environment;
use keyless_core::{
    aws::SessionName,
    oidc::{Expectations, StepToken, TokenError, VARIABLE},
};

/// The step's default variables (support.atlassian.com, "Variables and secrets").
#[derive(Clone, Copy, Debug)]
pub struct Step<'e>(&'e Environment);

/// Why a step has no token to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepTokenError {
    /// `BITBUCKET_STEP_OIDC_TOKEN` is not set.
    #[error("{VARIABLE} is not set")]
    Missing,
    /// Its value is not a token.
    #[error(transparent)]
    Invalid(TokenError),
}

/// A build of a commit.
#[derive(Clone, Copy, Debug)]
pub struct Build<'e> {
    /// The workspace's slug.
    pub workspace: &'e str,
    /// The repository's slug.
    pub repository: &'e str,
    /// The commit's hash.
    pub commit: &'e str,
    /// The build's number.
    pub number: &'e str,
}

impl Build<'_> {
    /// Its page.
    pub fn link(&self) -> String {
        format!("https://bitbucket.org/{}/{}/pipelines/results/{}", self.workspace, self.repository, self.number)
    }
}

impl<'e> Step<'e> {
    /// The step whose variables these are.
    pub fn new(environment: &'e Environment) -> Self {
        Self(environment)
    }

    fn variable(self, name: &str) -> Option<&'e str> {
        self.0.get(name)
    }

    /// The step's token.
    ///
    /// # Errors
    /// [`StepTokenError`]
    pub fn token(self) -> Result<StepToken, StepTokenError> {
        let raw = self.variable(VARIABLE).ok_or(StepTokenError::Missing)?;
        StepToken::parse(raw).map_err(StepTokenError::Invalid)
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

    /// The build and its commit, where Bitbucket names them all.
    pub fn build(self) -> Option<Build<'e>> {
        Some(Build {
            workspace: self.variable("BITBUCKET_WORKSPACE")?,
            repository: self.variable("BITBUCKET_REPO_SLUG")?,
            commit: self.variable("BITBUCKET_COMMIT")?,
            number: self.variable("BITBUCKET_BUILD_NUMBER")?,
        })
    }

    /// Whether this runs in a pipe's container, not in the step's own (Atlassian, "Advanced techniques for writing pipes").
    pub fn is_in_a_pipe(self) -> bool {
        self.variable("BITBUCKET_PIPE_STORAGE_DIR").is_some()
    }

    /// The name that CloudTrail shows for this build's calls.
    pub fn session_name(self) -> SessionName {
        let part = |name| self.variable(name).unwrap_or_default();
        SessionName::of_build(part("BITBUCKET_REPO_SLUG"), part("BITBUCKET_BUILD_NUMBER"))
    }
}
