//! `keyless trust`: trust policies checked, and asked about one request.

mod simulate;

use std::{io, path::PathBuf};

use clap::{Args, Subcommand};
use keyless_core::{diagnostic::Severity, iam::check};

use crate::{args, failure::Failure, lint_command, report::Format, run::Outcome, settings::Declared, streams::Streams};

pub(crate) use simulate::{Policy, evaluate, read_text};

/// Check a role's trust policy, or ask it about a token, without AWS
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    Check(Check),
    Simulate(Box<simulate::Simulate>),
}

/// Find what IAM refuses, what never matches and what lets too many in
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless trust check trust-policy.json
  aws iam get-role --role-name deploy | keyless trust check -
  keyless trust check template.yaml            every role of a CloudFormation template
  keyless trust check cdk.out/Stack.template.json --format sarif

Exit status: 0 nothing found that counts, 1 findings, 2 something could not be read or asked.")]
pub(crate) struct Check {
    /// Files with policies, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Show and count findings from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "warning", value_parser = args::severity())]
    min_severity: Severity,
    /// Apply safe fixes and report what is left
    #[arg(long)]
    fix: bool,
    /// Print what --fix would change, as a unified diff, and change nothing
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    diff: bool,
    /// What reports call standard input
    #[arg(long, value_name = "NAME", default_value = "<stdin>")]
    stdin_filename: String,
}

/// Does what `keyless trust` is asked for.
pub(crate) fn run(trust: &Trust, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    match trust {
        Trust::Check(check) => run_check(check, streams),
        Trust::Simulate(simulate) => simulate::run(simulate, streams),
    }
}

fn run_check(arguments: &Check, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    if let Some(path) = arguments.paths.iter().find(|path| path.is_dir()) {
        let error = io::Error::from(io::ErrorKind::IsADirectory);
        streams.fail(&Failure::Unreadable { path: path.clone(), error });
        return Ok(Outcome::CannotRun);
    }
    let lint = args::Lint {
        paths: arguments.paths.clone(),
        format: arguments.format,
        min_severity: arguments.min_severity,
        declared: Declared::default(),
        fix: arguments.fix,
        diff: arguments.diff,
        stdin_filename: arguments.stdin_filename.clone(),
    };
    lint_command::run_with(&lint, &check::findings, streams)
}
