//! A role session for a child process, the same for the pipe and for `keyless exec`.
//!
//! ```text
//! environment ─► settings ─► assume ─► shared session ─► child process ─► exit code
//!                                         └─ renewed while the child runs
//! ```

mod assume;
pub mod child;
mod exec;
mod failure;
mod invalid_setting;
pub mod log;
mod login;
mod package_managers;
mod reader;
mod settings;
mod shared;
mod trust;
pub mod workspace;

pub use assume::{Assumer, SessionError};
pub use exec::{exec, process_credentials};
pub use failure::Failure;
pub use invalid_setting::{InvalidSetting, TagError};
pub use login::{Login, LoginError, ProjectFolder};
pub use reader::Reader;
pub use settings::{ChainLink, Credentials, ONE_HOUR, PackageSettings, SessionSettings, SessionTags, TrustPolicy};
pub use shared::{SharedSession, inherited_credentials, now, open, usable_token};
