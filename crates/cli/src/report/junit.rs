//! JUnit's XML, which Bitbucket and other build servers show as test results: a suite a file, a failed case a finding.
//!
//! Bitbucket reads it from `test-results/*.xml` ("Test reporting in Pipelines"). A file without findings is one case
//! that passed.
//!
//! The crate `quick-junit` would write the same: it made the hook's binary 106 KB larger, and its build eight crates longer.

use std::io::{self, Write};

use keyless_core::{
    diagnostic::Diagnostic,
    text::{Position, Source},
};

use super::{Report, xml::Escaped};

/// Writes the document.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let clean = report.files.iter().filter(|file| file.diagnostics.is_empty()).count();
    let failures = report.shown.total();
    writeln!(output, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(output, r#"<testsuites name="keyless" tests="{}" failures="{failures}">"#, failures + clean)?;
    for file in &report.files {
        let (name, failures) = (Escaped(&file.name), file.diagnostics.len());
        writeln!(output, r#"  <testsuite name="{name}" tests="{}" failures="{failures}">"#, failures.max(1))?;
        if file.diagnostics.is_empty() {
            writeln!(output, r#"    <testcase classname="{name}" name="no findings"/>"#)?;
        }
        let source = file.source();
        for diagnostic in &file.diagnostics {
            write_case(&source, diagnostic, output)?;
        }
        writeln!(output, "  </testsuite>")?;
    }
    writeln!(output, "</testsuites>")
}

fn write_case(source: &Source<'_>, diagnostic: &Diagnostic, output: &mut dyn Write) -> io::Result<()> {
    let Position { line, column } = source.position(diagnostic.primary.span.start);
    let (file, rule, severity) = (Escaped(source.name()), diagnostic.rule, diagnostic.severity);
    let message = Escaped(&diagnostic.message);
    writeln!(output, r#"    <testcase classname="{file}" name="{rule} at {line}:{column}">"#)?;
    write!(output, r#"      <failure type="{severity}" message="{message}">{file}:{line}:{column}"#)?;
    if let Some(help) = &diagnostic.help {
        write!(output, "\nhelp: {}", Escaped(help))?;
    }
    writeln!(output, "</failure>\n    </testcase>")
}
