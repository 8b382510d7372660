//! What a token may do. Bitbucket has three lists of names for it: the scopes of OAuth, which answers name; those of API tokens;
//! and the permissions of access tokens, as their page shows them.
//!
//! Sources: <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#scopes>,
//! <https://support.atlassian.com/bitbucket-cloud/docs/api-token-permissions/>,
//! <https://support.atlassian.com/bitbucket-cloud/docs/repository-access-token-permissions/>

use std::fmt;

/// A scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The name of OAuth.
    pub oauth: &'static str,
    /// The name of API tokens.
    pub api_token: &'static str,
    /// The permission of access tokens.
    pub access_token: &'static str,
}

/// Reads repositories and their files.
pub(crate) const REPOSITORY_READ: Scope =
    Scope { oauth: "repository", api_token: "read:repository:bitbucket", access_token: "Repositories: Read" };
/// Commits to repositories.
pub(crate) const REPOSITORY_WRITE: Scope =
    Scope { oauth: "repository:write", api_token: "write:repository:bitbucket", access_token: "Repositories: Write" };
/// Reads pull requests.
pub(crate) const PULL_REQUEST_READ: Scope =
    Scope { oauth: "pullrequest", api_token: "read:pullrequest:bitbucket", access_token: "Pull requests: Read" };
/// Opens pull requests.
pub(crate) const PULL_REQUEST_WRITE: Scope = Scope {
    oauth: "pullrequest:write",
    api_token: "write:pullrequest:bitbucket",
    access_token: "Pull requests: Write",
};
/// Reads variables and deployment environments.
pub(crate) const PIPELINE_READ: Scope =
    Scope { oauth: "pipeline", api_token: "read:pipeline:bitbucket", access_token: "Pipelines: Read" };
/// Creates, changes and deletes variables.
pub(crate) const PIPELINE_VARIABLES: Scope = Scope {
    oauth: "pipeline:variable",
    api_token: "admin:pipeline:bitbucket",
    access_token: "Pipelines: Edit variables",
};

/// The scopes that the client needs.
const SCOPES: [Scope; 6] =
    [REPOSITORY_READ, REPOSITORY_WRITE, PULL_REQUEST_READ, PULL_REQUEST_WRITE, PIPELINE_READ, PIPELINE_VARIABLES];

impl Scope {
    /// The scope that an answer names, in either of its lists.
    pub fn named(name: &str) -> Option<Self> {
        SCOPES.into_iter().find(|scope| scope.oauth == name || scope.api_token == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (API token) or {} (access token)", self.api_token, self.access_token)
    }
}
