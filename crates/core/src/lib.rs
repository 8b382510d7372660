//! What keyless knows: Bitbucket's pipeline file, the tokens its steps receive, and the IAM policies that judge them.
//!
//! Everything here is pure. Text, settings and the time of day come in as arguments; diagnostics, models and verdicts go
//! out as values. The command, the pipe and the page are thin layers around it.
//!
//! Data flows one way, and the modules are named after its stations:
//!
//! ```text
//! text ─► yaml ─► pipeline ─► script ─► facts ─► rules ─► reports
//!         └────────── Analysis: read once ──────────► requirements, ide
//! ```

#![cfg_attr(not(feature = "complete"), allow(dead_code, reason = "only the rules of the complete build use it"))]

pub mod analysis;
pub mod aws;
pub mod code_insights;
pub mod diagnostic;
mod documentation;
pub mod expression;
pub mod facts;
pub mod fix;
#[cfg(test)]
mod growth;
pub mod iam;
pub mod ide;
pub mod ip_ranges;
pub mod language;
pub mod lint;
#[cfg(feature = "complete")]
pub mod migrate;
pub mod oidc;
pub mod pipeline;
pub mod pipes;
pub mod report;
pub mod requirements;
pub mod rules;
pub mod script;
pub mod settings;
pub mod setup;
pub mod spelling;
pub mod suppression;
pub mod text;
pub mod yaml;
