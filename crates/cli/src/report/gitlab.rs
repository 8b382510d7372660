//! The code quality report of GitLab, a part of Code Climate's format.
//!
//! Source: GitLab documentation, "Code Quality", section "Code Quality report format". The fingerprint decides whether a finding
//! is new in a merge request; paths have no leading `./`.

use std::io::{self, Write};

use keyless_core::diagnostic::Severity;
use serde::Serialize;

use super::Report;
use crate::fingerprint::Fingerprints;

#[derive(Serialize)]
struct Issue<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'a str,
    description: &'a str,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: String,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// Writes one array of issues.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    let mut issues = Vec::with_capacity(report.shown.total());
    for file in &report.files {
        let source = file.source();
        issues.extend(file.diagnostics.iter().map(|diagnostic| Issue {
            kind: "issue",
            check_name: diagnostic.rule.as_str(),
            description: &diagnostic.message,
            categories: ["Bug Risk"],
            severity: match diagnostic.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Hint => "info",
            },
            fingerprint: fingerprints.of(&source, diagnostic),
            location: Location {
                path: file.name.trim_start_matches("./"),
                lines: Lines {
                    begin: source.position(diagnostic.primary.span.start).line,
                    end: source.position(diagnostic.primary.span.end).line,
                },
            },
        }));
    }
    serde_json::to_writer_pretty(&mut *output, &issues)?;
    writeln!(output)
}
