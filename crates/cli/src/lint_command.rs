//! `keyless lint`.

use std::io;

use keyless_core::lint;

use crate::{args::Lint, checking, inputs, run::Outcome, streams::Streams};

/// Lints what `arguments` name and reports it.
pub(crate) fn run(arguments: &Lint, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let Lint { paths, declared, reporting } = arguments;
    let (inputs, mut failures) = inputs::find(paths, &mut streams.input, &reporting.stdin_filename);
    let inputs = declared.find(inputs, &mut failures);
    checking::run(&inputs, failures, &|source, settings| lint::lint(source, settings), reporting, streams)
}
