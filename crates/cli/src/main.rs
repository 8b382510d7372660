//! The `keyless` command.
//!
//! A thin layer: [`args`] says what may be asked, [`run`] answers, and all that is known of pipelines lives in
//! `keyless-core`. Nothing here writes to the process's own streams but this file: every other function is handed the
//! streams that it writes to.

mod args;
mod checking;
mod crash;
mod doctor_command;
mod download;
mod failure;
mod fix;
mod folder;
mod inputs;
mod lint_command;
mod linted;
mod report;
mod requirements_command;
mod roles;
mod rules_command;
mod run;
mod settings;
mod setup_command;
mod streams;
mod token_command;
mod trust_command;

use std::process::ExitCode;

fn main() -> ExitCode {
    crash::install();
    run::run(std::env::args_os(), streams::Streams::of_process()).into()
}
