//! The claims of a step's token.

use std::fmt;

use serde::Deserialize;

use super::{Issuer, Uuid, audience_workspace};

/// The claims of a token, as Bitbucket names them ("Integrate Pipelines with resource servers using OIDC",
/// support.atlassian.com). Times are seconds since 1970 in UTC, whole numbers as AWS requires.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The issuer: the workspace's issuer URL.
    pub iss: String,
    /// The audience that the token is issued for.
    pub aud: Audience,
    /// The step that it describes; see [`Subject`].
    pub sub: String,
    /// When it expires.
    pub exp: u64,
    /// When it was issued.
    pub iat: Option<u64>,
    /// When it becomes valid.
    pub nbf: Option<u64>,
    /// The client that requested the token. When present, AWS compares it instead of `aud`.
    pub azp: Option<String>,
    /// The repository, in braces.
    pub repository_uuid: Option<String>,
    /// The workspace, in braces.
    pub workspace_uuid: Option<String>,
    /// The deployment environment, in braces; only in steps that have one.
    pub deployment_environment_uuid: Option<String>,
    /// The step, in braces; new in every run.
    pub step_uuid: Option<String>,
    /// The pipeline, in braces.
    pub pipeline_uuid: Option<String>,
    /// The run of the pipeline, in braces.
    pub pipeline_run_uuid: Option<String>,
    /// The branch that the step runs for.
    pub branch_name: Option<String>,
}

/// The workspace that issued a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workspace<'c> {
    /// The name in URLs.
    pub name: &'c str,
    /// The UUID.
    pub uuid: Uuid,
}

impl Claims {
    /// The workspace, where the issuer has its name, and the audience or a claim its UUID.
    pub fn workspace(&self) -> Option<Workspace<'_>> {
        let name = Issuer::parse(&self.iss).ok()?.workspace();
        let claimed = || Uuid::parse(self.workspace_uuid.as_deref()?).ok();
        Some(Workspace { name, uuid: self.aud.iter().find_map(audience_workspace).or_else(claimed)? })
    }
}

/// One audience or several: a step with `oidc: {audiences: […]}` receives a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// `"aud": "a"`
    One(String),
    /// `"aud": ["a", "b"]`
    Many(Vec<String>),
}

impl Audience {
    /// The audiences, in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
        .iter()
        .map(String::as_str)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(one) => f.write_str(one),
            Self::Many(many) => write!(f, "[{}]", many.join(", ")),
        }
    }
}

/// The parts of a subject: `{repository}:{step}`, or `{repository}:{environment}:{step}` in a deployment step. The braces
/// belong to the UUIDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'s> {
    /// The repository's UUID.
    pub repository: &'s str,
    /// The deployment environment's UUID, in a deployment step.
    pub environment: Option<&'s str>,
    /// The step's UUID.
    pub step: &'s str,
}

impl<'s> Subject<'s> {
    /// Splits a subject; `None` when it has neither two nor three parts.
    pub fn parse(sub: &'s str) -> Option<Self> {
        let parts: Vec<&str> = sub.split(':').collect();
        match *parts.as_slice() {
            [repository, step] => Some(Self { repository, environment: None, step }),
            [repository, environment, step] => Some(Self { repository, environment: Some(environment), step }),
            _ => None,
        }
    }
}
