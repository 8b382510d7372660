//! `keyless lint`.

use std::io;

use keyless_core::lint::Settings;

use crate::{
    args::Lint,
    inputs, linted,
    report::{self, Format, Report},
    run::Outcome,
    streams::Streams,
};

/// Lints what `arguments` name and reports it. What could not be read does not keep the rest from being linted.
pub(crate) fn run(arguments: &Lint, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let settings = Settings { known_variables: arguments.variables.clone() };
    let (inputs, mut failures) = inputs::find(&arguments.paths, &mut streams.input, &arguments.stdin_filename);
    let mut files = Vec::new();
    for result in linted::lint_all(&inputs, &settings) {
        match result {
            Ok(file) => files.push(file),
            Err(failure) => failures.push(failure),
        }
    }
    let report = Report::new(files, arguments.min_severity);
    // a program is owed a document; a person with nothing but failures is not told that nothing was found
    if arguments.format != Format::Text || !report.files.is_empty() {
        report::write(&report, arguments.format, streams)?;
    }
    for failure in &failures {
        streams.fail(failure);
    }
    Ok(if !failures.is_empty() {
        Outcome::CannotRun
    } else if report.shown.total() > 0 {
        Outcome::Findings
    } else {
        Outcome::Clean
    })
}
