//! Checkstyle's XML, which many build servers and review tools read.
//!
//! Source: checkstyle, `XMLLogger`: a `file` for each file, in it an `error` for each finding, whose `source` names the check.

use std::io::{self, Write};

use keyless_core::{
    diagnostic::Severity,
    text::{Position, Source},
};

use super::{Report, xml::Escaped};

/// Writes the document.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    writeln!(output, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(output, r#"<checkstyle version="4.3">"#)?;
    for file in &report.files {
        writeln!(output, r#"  <file name="{}">"#, Escaped(&file.name))?;
        let source: Source<'_> = file.source();
        for diagnostic in &file.diagnostics {
            let Position { line, column } = source.position(diagnostic.primary.span.start);
            let severity = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Hint => "info",
            };
            let (rule, message) = (diagnostic.rule, Escaped(&diagnostic.message));
            write!(output, r#"    <error line="{line}" column="{column}" severity="{severity}" message="{message}"#)?;
            if let Some(help) = &diagnostic.help {
                write!(output, "; help: {}", Escaped(help))?;
            }
            writeln!(output, r#"" source="keyless.{rule}"/>"#)?;
        }
        writeln!(output, "  </file>")?;
    }
    writeln!(output, "</checkstyle>")
}
