//! The deploy pipe: a step's token in, a role session out, and the AWS CDK run with it.
//!
//! ```text
//! environment ─► settings ─► session ─► credentials for the child ─► cdk ─► exit status
//! ```

pub mod assembly;
pub mod cdk;
pub mod child;
pub mod doctor;
pub mod documentation;
pub mod endpoints;
pub mod exec;
pub mod failure;
pub mod insights;
pub mod install;
pub mod log;
pub mod mistake;
pub mod output;
pub mod outputs;
pub mod packages;
pub mod project;
pub mod reader;
pub mod run;
pub mod session;
pub mod settings;
pub mod step;
pub mod summary;
pub mod table;
pub mod trust;

pub use keyless_core::pipes::keyless as variables;
