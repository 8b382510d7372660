//! A line for each finding, as compilers write it: for editors, `grep` and long lists.

use std::io::{self, Write};

use super::{Report, text};
use crate::streams::Look;

/// Writes a line for each finding, and nothing if there is none.
pub(super) fn write(report: &Report, look: Look, output: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        let source = file.source();
        for diagnostic in &file.diagnostics {
            writeln!(output, "{}", text::title(&source, diagnostic, look).replace(['\r', '\n'], " "))?;
        }
    }
    Ok(())
}
