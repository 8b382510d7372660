//! Parts that the tests across crates and the demo share: an AWS on loopback that judges tokens as AWS does, and runs of
//! the real binaries against it.
//!
//! ```text
//! pipe ─► strict STS ─► emulator with AUTH=true: the trust policy's judge
//!  └► cdk ──┴─────────► emulator without: what is deployed
//! ```
#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

pub mod aws;
pub mod bitbucket;
pub mod checkout;
pub mod cloud;
pub mod codeartifact;
pub mod emulator;
pub mod insights;
pub mod life;
pub mod run;
pub mod secrets;
pub mod server;
pub mod step;
pub mod strict_sts;
pub mod token;
