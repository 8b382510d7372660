//! `keyless lint`.

use std::{io, io::Write};

use keyless_core::lint;

use crate::{
    args::Lint,
    failure::Failure,
    fix, inputs,
    linted::{self, Check, LintedFile},
    report::{self, Format, Report},
    run::Outcome,
    streams::Streams,
};

/// Lints what `arguments` name and reports it. What could not be read does not keep the rest from being linted.
pub(crate) fn run(arguments: &Lint, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let settings = match arguments.declared.read() {
        Ok(settings) => settings,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    run_with(arguments, &|source| lint::lint(source, &settings), streams)
}

/// The same with another check.
pub(crate) fn run_with(arguments: &Lint, check: &Check<'_>, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    if arguments.fix && arguments.paths.iter().any(|path| path.as_os_str() == inputs::STANDARD_INPUT) {
        streams.fail(&Failure::FixOfStandardInput);
        return Ok(Outcome::CannotRun);
    }
    let (inputs, mut failures) = inputs::find(&arguments.paths, &mut streams.input, &arguments.stdin_filename);
    let fix_from = (arguments.fix || arguments.diff).then_some(arguments.min_severity);
    let mut files = Vec::new();
    for result in linted::lint_all(&inputs, check, fix_from) {
        match result {
            Ok(file) => files.push(file),
            Err(failure) => failures.push(failure),
        }
    }
    if arguments.fix {
        failures.extend(files.iter().filter_map(|file| write_fixed(file).err()));
    }
    let outcome = if arguments.diff {
        print_diffs(&files, &mut streams.output)?
    } else {
        print_report(files, arguments, streams)?
    };
    for failure in &failures {
        streams.fail(failure);
    }
    Ok(if failures.is_empty() { outcome } else { Outcome::CannotRun })
}

fn write_fixed(file: &LintedFile) -> Result<(), Failure> {
    match (&file.path, &file.fixed) {
        (Some(path), Some(_)) => fix::write(path, &file.text),
        _ => Ok(()),
    }
}

fn print_diffs(files: &[LintedFile], output: &mut dyn Write) -> io::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    for file in files {
        if let Some(fixed) = &file.fixed {
            write!(output, "{}", fix::diff(&file.name, &fixed.original, &file.text))?;
            outcome = Outcome::Findings;
        }
    }
    Ok(outcome)
}

fn print_report(files: Vec<LintedFile>, arguments: &Lint, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let report = Report::new(files, arguments.min_severity);
    // a program is owed a document; a person with nothing but failures is not told that nothing was found
    if arguments.format != Format::Text || !report.files.is_empty() {
        report::write(&report, arguments.format, streams)?;
    }
    Ok(if report.shown.total() > 0 { Outcome::Findings } else { Outcome::Clean })
}
