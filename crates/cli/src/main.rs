//! The `keyless` command.
//!
//! A thin layer: [`args`] is the command line, [`run`] executes it, and everything about pipelines is in `keyless-core`. The
//! feature `cloud` adds the commands that call AWS and Bitbucket. Only this file refers to the process's own streams: every
//! other function receives the streams that it writes to.

mod args;
mod baseline;
mod checking;
mod crash;
mod diff_base;
#[cfg(feature = "cloud")]
mod doctor_command;
mod download;
#[cfg(feature = "cloud")]
mod exec_command;
mod failure;
mod fingerprint;
mod fix;
mod folder;
mod git;
mod init_command;
mod inputs;
#[cfg(feature = "lsp")]
mod language_server;
mod levels;
mod lint_command;
mod linted;
#[cfg(feature = "lsp")]
mod lsp_command;
#[cfg(test)]
mod manual;
mod markdown;
mod migrate_command;
mod outcome;
mod progress;
mod report;
mod requirements_command;
mod roles;
mod rules_command;
mod run;
mod schema_command;
mod settings;
mod setup_command;
mod streams;
mod terminal;
mod token_command;
mod trust_command;
#[cfg(not(all(feature = "cloud", feature = "lsp")))]
mod without_cloud;

use std::process::ExitCode;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    crash::install();
    run::run(std::env::args_os(), streams::Streams::of_process()).into()
}
