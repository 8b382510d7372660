//! `keyless trust`: checks trust policies, and simulates a request.

mod simulate;
mod step;

use std::{io, path::PathBuf};

use clap::{Args, Subcommand};
use keyless_core::rules::trust as check;

use crate::{
    checking::{self, Reporting},
    failure::Failure,
    inputs,
    levels::Levels,
    outcome::Outcome,
    settings::Declared,
    streams::Streams,
};

pub(crate) use simulate::{read_text, roles};

/// Check a role's trust policy, or simulate a request, without AWS
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    Check(Box<Check>),
    Simulate(Box<simulate::Simulate>),
}

/// Find errors, conditions that never match, and permissions that are too broad
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless trust check trust-policy.json
  aws iam get-role --role-name deploy | keyless trust check -
  keyless trust check template.yaml            every role of a CloudFormation template
  keyless trust check cdk.out/Stack.template.json --format sarif
  keyless trust check roles.tf                 every role and policy document of a Terraform file
  keyless trust check role.json --ignore broad-action

The levels under `rules` in the keyless.yaml next to the file or above it in the repository hold for policies too.

Exit status: 0 no findings at or above the minimum severity, 1 findings, 2 a file could not be read.")]
pub(crate) struct Check {
    /// Files with trust policies, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The settings with the levels of rules [default: keyless.yaml next to the policy or above it in the repository]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    levels: Levels,
    #[command(flatten)]
    reporting: Reporting,
}

/// Runs `keyless trust`.
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
    let Check { paths, settings, levels, reporting } = arguments;
    let declared = Declared::of_policies(settings.clone(), levels.clone());
    let mut lookup = declared.lookup();
    let (inputs, mut failures) =
        inputs::find(paths, &mut streams.input, &reporting.stdin_filename, &mut |path| lookup.includes(path));
    let inputs = lookup.find(inputs, false, &mut failures);
    if reporting.verbose {
        streams.note(&lookup.describe(&inputs));
    }
    checking::run(&inputs, failures, &|source, settings| check::findings_with(source, settings), reporting, streams)
}
