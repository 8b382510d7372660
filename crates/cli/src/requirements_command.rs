//! `keyless requirements`: what must exist in Bitbucket's settings.

use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};
use keyless_core::{
    analysis::{Analysis, ParsedFile},
    requirements::{self, Requirements, Status},
    text::Source,
};
use serde::Serialize;

use crate::{failure::Failure, inputs, outcome::Outcome, settings::Declared, streams::Streams};

/// List the variables and roles that the steps of a pipeline need from Bitbucket's settings
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless requirements                         the pipeline of this repository
  keyless requirements --format markdown       a table for a ticket or a wiki page
  keyless requirements --variables AWS_REGION  this one exists

Exit status: 0 nothing declared is missing, 1 keyless.yaml or --variables lack something, 2 something could not be read.")]
pub(crate) struct Arguments {
    /// Files, folders, or `-` for standard input [default: bitbucket-pipelines.yml, here or above in the repository]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    declared: Declared,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a program
    Json,
    /// For a wiki page
    Markdown,
}

/// One file in the JSON report.
#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    #[serde(flatten)]
    requirements: &'a Requirements,
}

/// Lists the requirements of what `arguments` name.
pub(crate) fn run(arguments: &Arguments, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let mut lookup = arguments.declared.lookup();
    let (inputs, mut failures) =
        inputs::find(&arguments.paths, &mut streams.input, "<stdin>", &mut |path| lookup.includes(path));
    let inputs = lookup.find(inputs, false, &mut failures);
    let mut found = Vec::new();
    for (input, settings) in &inputs {
        let name = input.name();
        match input.bytes() {
            Ok(bytes) => match Source::from_bytes(&name, &bytes) {
                Ok(source) => {
                    let parsed = ParsedFile::new(&source);
                    found.push((name.clone(), requirements::requirements(&Analysis::new(&parsed, settings))));
                }
                Err(error) => failures.push(Failure::NotText { path: name.into(), error }),
            },
            Err(failure) => failures.push(failure),
        }
    }
    write(arguments.format, &found, streams)?;
    for failure in &failures {
        streams.fail(failure);
    }
    let missing = found
        .iter()
        .flat_map(|(_, requirements)| &requirements.variables)
        .any(|variable| variable.status == Status::Missing);
    Ok(match (failures.is_empty(), missing) {
        (false, _) => Outcome::CannotRun,
        (true, true) => Outcome::Findings,
        (true, false) => Outcome::Clean,
    })
}

fn write(format: Format, found: &[(String, Requirements)], streams: &mut Streams<'_>) -> io::Result<()> {
    if format == Format::Json {
        let report: Vec<_> = found.iter().map(|(file, requirements)| FileReport { file, requirements }).collect();
        serde_json::to_writer_pretty(&mut streams.output, &report)?;
        return writeln!(streams.output);
    }
    for (index, (name, requirements)) in found.iter().enumerate() {
        if found.len() > 1 {
            let gap = if index > 0 { "\n" } else { "" };
            let mark = if format == Format::Markdown { "# " } else { "" };
            writeln!(streams.output, "{gap}{mark}{name}\n")?;
        }
        let text = if format == Format::Markdown { requirements.to_markdown() } else { requirements.to_text() };
        write!(streams.output, "{text}")?;
    }
    Ok(())
}
