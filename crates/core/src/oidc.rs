//! The OIDC token of a Bitbucket step: what it claims, and whether that fits the step.
//!
//! Nothing here verifies a signature: AWS does, and `keyless token --jwks`. Reading the claims first tells a person what AWS will see.

mod check;
mod claims;
mod token;

pub use check::{Expectations, Mismatch, check, duration};
pub use claims::{Audience, Claims, Subject, Workspace};
pub use token::{Header, StepToken, TokenError, VARIABLE};

/// The issuer of a workspace's tokens without `https://`, as IAM names its provider, split around the workspace's name.
///
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>
pub const ISSUER: (&str, &str) = ("api.bitbucket.org/2.0/workspaces/", "/pipelines-config/identity/oidc");

/// How every default audience begins; the workspace's UUID without braces follows. The same source.
pub const AUDIENCE: &str = "ari:cloud:bitbucket::workspace/";
