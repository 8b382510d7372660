//! A report for Bitbucket's Code Insights, which shows it on the commit and next to the lines of a pull request.
//!
//! The document holds the bodies of the requests: `report` for
//! `PUT …/commit/{commit}/reports/{id}`, and each list of `annotations` for one
//! `POST …/commit/{commit}/reports/{id}/annotations`.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use keyless_core::{
    code_insights::{ANNOTATIONS_PER_REPORT, ANNOTATIONS_PER_REQUEST, DETAILS_LIMIT, SUMMARY_LIMIT, shortened},
    diagnostic::{Diagnostic, Severity},
    text::Source,
};
use serde::Serialize;
#[cfg(feature = "cloud")]
use serde_json::Value;

use super::{Counts, Report, text};
use crate::fingerprint::Fingerprints;

#[derive(Serialize)]
struct Document<'a> {
    report: Head,
    annotations: Vec<&'a [Annotation<'a>]>,
}

#[derive(Serialize)]
struct Head {
    title: &'static str,
    details: String,
    report_type: &'static str,
    reporter: &'static str,
    result: &'static str,
    data: [Datum; 4],
}

#[derive(Serialize)]
struct Datum {
    title: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: usize,
}

#[derive(Serialize)]
struct Annotation<'a> {
    external_id: String,
    #[serde(rename = "annotation_type")]
    kind: &'static str,
    severity: &'static str,
    result: &'static str,
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Cow<'a, str>>,
    path: &'a str,
    line: usize,
}

/// Writes the document.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let sources = report.sources();
    let annotations = annotations(report, &sources);
    let document =
        Document { report: head(report), annotations: annotations.chunks(ANNOTATIONS_PER_REQUEST).collect() };
    serde_json::to_writer_pretty(&mut *output, &document)?;
    writeln!(output)
}

/// The bodies of the requests: the report and its annotations.
#[cfg(feature = "cloud")]
pub(super) fn values(report: &Report) -> serde_json::Result<(Value, Vec<Value>)> {
    let sources = report.sources();
    let annotations = annotations(report, &sources).iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
    Ok((serde_json::to_value(head(report))?, annotations))
}

fn head(report: &Report) -> Head {
    let Counts { errors, warnings, hints } = report.shown;
    let number = |title, value| Datum { title, kind: "NUMBER", value };
    let total = report.shown.total();
    let details = if total > ANNOTATIONS_PER_REPORT {
        format!("{}; the first {ANNOTATIONS_PER_REPORT} are annotated", text::summary(report))
    } else {
        text::summary(report)
    };
    Head {
        title: "keyless",
        details,
        report_type: "BUG",
        reporter: "keyless",
        result: if total > 0 { "FAILED" } else { "PASSED" },
        data: [
            number("Files", report.files.len()),
            number("Errors", errors),
            number("Warnings", warnings),
            number("Hints", hints),
        ],
    }
}

/// The annotations, the worst findings first.
fn annotations<'r>(report: &'r Report, sources: &'r [Source<'r>]) -> Vec<Annotation<'r>> {
    let mut fingerprints = Fingerprints::default();
    let findings = report.worst_first(sources).into_iter().take(ANNOTATIONS_PER_REPORT);
    findings
        .map(|(source, diagnostic)| Annotation {
            external_id: format!("keyless-{}", fingerprints.of(source, diagnostic)),
            kind: "BUG",
            severity: match diagnostic.severity {
                Severity::Error => "HIGH",
                Severity::Warning => "MEDIUM",
                Severity::Hint => "LOW",
            },
            result: "FAILED",
            summary: summary(diagnostic),
            details: diagnostic.help.as_deref().map(|help| shortened(help, DETAILS_LIMIT)),
            path: source.name().trim_start_matches("./"),
            line: source.position(diagnostic.primary.span.start).line,
        })
        .collect()
}

fn summary(diagnostic: &Diagnostic) -> String {
    shortened(&format!("{}: {}", diagnostic.rule, diagnostic.message), SUMMARY_LIMIT).into_owned()
}
