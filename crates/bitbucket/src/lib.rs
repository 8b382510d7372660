//! Bitbucket: its REST API, Code Insights reports, and the variables that it gives a step.

mod client;
mod error;
pub mod insights;
mod repository;
mod scope;
mod slugs;
mod step;
mod variables;

pub use client::{Bitbucket, Login, Wait};
pub use error::BitbucketError;
pub use repository::{DeploymentEnvironment, FileCommit, Named, NewPullRequest, PullRequest, Repository, Workspace};
pub use scope::Scope;
pub use slugs::{NotARepository, RepositorySlugs, is_slug};
pub use step::{Build, Step, StepTokenError};
pub use variables::{Variable, VariableLevel};
