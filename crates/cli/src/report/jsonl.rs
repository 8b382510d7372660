//! JSON Lines: a line for each finding, with what the JSON report says about it and its file.

use std::io::{self, Write};

use keyless_core::report::json;
use serde::Serialize;

use super::Report;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(flatten)]
    finding: json::Finding<'a>,
}

/// Writes a line for each finding.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    for linted in &report.files {
        let source = linted.source();
        let json::File { file, findings } = json::file(&source, &linted.diagnostics);
        for finding in findings {
            serde_json::to_writer(&mut *output, &Line { file, finding })?;
            writeln!(output)?;
        }
    }
    Ok(())
}
