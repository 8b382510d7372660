//! A line for each finding, as compilers write it: for editors, `grep` and long lists.

use std::io::{self, Write};

use super::{Report, text};

/// Writes a line for each finding, and nothing if there is none.
pub(super) fn write(report: &Report, colors: bool, output: &mut dyn Write) -> io::Result<()> {
    let renderer = text::renderer(colors);
    for file in &report.files {
        let source = file.source();
        for diagnostic in &file.diagnostics {
            writeln!(output, "{}", text::title(&source, diagnostic, &renderer).replace(['\r', '\n'], " "))?;
        }
    }
    Ok(())
}
