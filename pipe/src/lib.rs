//! The deploy pipe: assumes a role with the step's token and runs the AWS CDK with the session.
//!
//! ```text
//! environment ─► settings ─► synthesis without credentials ─► session ─► credentials for the child ─► cdk ─► exit code
//! ```

mod access;
mod accounts;
mod assembly;
mod cdk;
mod checks;
mod diff_report;
pub mod documentation;
mod failure;
mod forbidden_account;
mod install;
mod outputs;
mod preflight;
pub mod programs;
mod project;
pub mod run;
mod selection;
mod settings;
mod summary;
mod table;
mod tools;
mod unusable;
