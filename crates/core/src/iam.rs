//! IAM trust policies: read with spans, checked, and evaluated for a token.
//!
//! ```text
//! text ─► document ─► template ─► policy ─► rules::trust (findings)
//!                                       └─► evaluate     (allow, deny or depends for one request)
//! ```
//!
//! Sources are the pages of the IAM User Guide, named by their file name, such as
//! `reference_policies_elements_condition_operators`: <https://docs.aws.amazon.com/IAM/latest/UserGuide/>.

pub mod caller;
mod date;
pub mod document;
mod embedded;
pub mod evaluate;
mod functions;
mod hcl;
pub mod key;
pub mod operator;
pub mod partial;
pub mod policy;
pub mod request;
pub mod role;
pub mod template;
mod terraform;
pub mod text;
pub mod trust;
pub mod truth;
