//! Calls to AWS: STS and its refusals explained, IAM, reads of SSM and CloudFormation, CodeArtifact, and an endpoint that
//! serves credentials to a child process.

mod api;
mod codeartifact;
mod endpoint;
mod environment;
mod error;
mod http;
mod iam;
mod inventory;
mod keys;
mod network;
mod refusal;
mod session;
mod signature;
mod sts;
mod xml;

pub use api::Endpoints;
pub use codeartifact::{CodeArtifact, PackageToken, Repository};
pub use endpoint::{CredentialsEndpoint, EndpointError, check_random};
pub use environment::{Environment, InsecureEndpoint};
pub use error::InventoryError;
pub use http::{Answer, Http, HttpError, Request};
pub use iam::{AccessKey, ExistingRole, Iam, KeyOwner, LastUse, NewRole, parse_time, timestamp};
pub use inventory::{Inventory, Role};
pub use keys::Keys;
pub use network::{BundleError, Network};
pub use refusal::{Attempted, Explanation, PolicyKind, Refusal, TAG_SESSION};
pub use session::Session;
pub use sts::{ChainedRole, Identity, Said, Sts, StsError, WebIdentity};
