//! Workflow commands of GitHub Actions: one line per finding, shown next to the changed lines.
//!
//! Source: "Workflow commands for GitHub Actions", section "Setting an error message", and the escaping of
//! `actions/toolkit` (`packages/core/src/command.ts`).

use std::io::{self, Write};

use keyless_core::diagnostic::Severity;

use super::Report;

/// Writes a line for each finding.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        let source = file.source();
        for diagnostic in &file.diagnostics {
            let command = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Hint => "notice",
            };
            let start = source.position(diagnostic.primary.span.start);
            let end = source.position(diagnostic.primary.span.end);
            write!(output, "::{command} file={},line={}", property(&file.name), start.line)?;
            // columns are understood within one line only
            if start.line == end.line {
                write!(output, ",col={},endColumn={}", start.column, end.column)?;
            } else {
                write!(output, ",endLine={}", end.line)?;
            }
            write!(output, ",title={}::{}", property(diagnostic.rule.as_str()), data(&diagnostic.message))?;
            match &diagnostic.help {
                Some(help) => writeln!(output, "%0Ahelp: {}", data(help))?,
                None => writeln!(output)?,
            }
        }
    }
    Ok(())
}

/// The text of a command. A terminal's control sequences would reach the log.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    text.replace(char::is_control, "\u{fffd}")
}

/// A property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
