//! The JSON report: one document, described in `keyless_core::report::json`.

use std::io::{self, Write};

use keyless_core::{report::json, text::Source};
use serde::Serialize;

use super::{Counts, Report};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    files: Vec<json::File<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    #[serde(flatten)]
    shown: Counts,
    /// Findings below the minimum severity, which `files` leaves out.
    hidden: Counts,
    /// Findings in `files` that have a safe fix.
    fixable: usize,
    /// Findings that were fixed before, which `files` omits.
    fixed: usize,
}

/// Writes the document and a line break.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let sources: Vec<Source<'_>> = report.files.iter().map(|file| file.source()).collect();
    let files: Vec<_> =
        report.files.iter().zip(&sources).map(|(file, source)| json::file(source, &file.diagnostics)).collect();
    let Report { shown, hidden, fixable, fixed, .. } = *report;
    let summary = Summary { files: files.len(), shown, hidden, fixable, fixed };
    serde_json::to_writer_pretty(&mut *output, &Document { version: 1, files, summary })?;
    writeln!(output)
}
