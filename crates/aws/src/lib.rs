//! Calls to AWS: STS and its refusals explained, reads of IAM and SSM, CodeArtifact, and an endpoint that serves
//! credentials to a child process.

mod codeartifact;
mod endpoint;
mod environment;
mod http;
mod inventory;
mod keys;
mod network;
mod refusal;
mod session;
mod signature;
mod sts;

pub use codeartifact::{CodeArtifact, PackageToken, Repository};
pub use endpoint::{CredentialsEndpoint, EndpointError};
pub use environment::{Environment, InsecureEndpoint};
pub use http::{Answer, Http, HttpError, Request};
pub use inventory::{Endpoints, Inventory, InventoryError, Role};
pub use keys::Keys;
pub use network::{BundleError, Network};
pub use refusal::{Attempted, Explanation, PolicyKind, Refusal, TAG_SESSION};
pub use session::Session;
pub use sts::{ChainedRole, Identity, Said, Sts, StsError, WebIdentity};
