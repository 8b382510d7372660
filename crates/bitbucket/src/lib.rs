//! Bitbucket: its REST API, Code Insights reports, and the variables that it gives a step.

mod client;
pub mod insights;
mod step;

pub use client::{Bitbucket, BitbucketError, DeploymentEnvironment, Repository, Variable, Workspace, is_slug};
pub use step::{Build, Step, StepTokenError};
