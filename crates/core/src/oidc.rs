//! The OIDC token of a Bitbucket step: its claims, and whether they fit the step.
//!
//! Nothing here verifies a signature: AWS does, and `keyless token --jwks`. The claims show what AWS will see.

mod check;
mod claims;
mod issuer;
mod token;
mod uuid;

pub use check::{Expectations, Mismatch, check, duration};
pub use claims::{Audience, Claims, Subject, Workspace};
pub use issuer::{Issuer, IssuerError, could_be_issuer, is_bitbucket_host, provider_name, resembles_bitbucket};
pub use token::{Header, StepToken, TokenError, VARIABLE};
pub(crate) use uuid::GROUPS;
pub use uuid::{Uuid, UuidError};

/// The beginning of the default audience of a workspace's tokens; the workspace's UUID without braces follows.
///
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>
pub const AUDIENCE: &str = "ari:cloud:bitbucket::workspace/";

/// The default audience of a workspace's tokens.
pub fn default_audience(workspace: Uuid) -> String {
    format!("{AUDIENCE}{}", workspace.bare())
}

/// The workspace whose default audience this is.
pub fn audience_workspace(audience: &str) -> Option<Uuid> {
    Uuid::from_bare(audience.strip_prefix(AUDIENCE)?)
}
