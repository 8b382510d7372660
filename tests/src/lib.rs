//! What the end-to-end tests and the demo share: an AWS on loopback that validates tokens as AWS does, and runs of the
//! real binaries against it.
//!
//! ```text
//! pipe ─► strict STS ─► emulator with AUTH=true: evaluates the trust policy
//!  └► cdk ──┴─────────► emulator without it: receives the deployments
//! ```
#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

pub mod aws;
pub mod bitbucket;
pub mod checkout;
pub mod cloud;
pub mod codeartifact;
pub mod editor;
pub mod emulator;
pub mod iam_proxy;
pub mod insights;
pub mod life;
pub mod migration;
pub mod numbers;
pub mod public_registries;
pub mod run;
pub mod secrets;
pub mod seeds;
pub mod server;
pub mod step;
pub mod strict_sts;
pub mod token;
pub mod trail;
