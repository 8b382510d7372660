//! The JSON report, version 1: what `keyless lint --format json` prints and what the page receives.

use serde::Serialize;

#[cfg(feature = "typescript")]
use crate::diagnostic::Severity;
use crate::{
    diagnostic::{Diagnostic, Edit, Fix, Label, Safety},
    text::{Position, Source, Span},
};

/// One file and its findings.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "Report"))]
pub struct File<'a> {
    /// What the report calls the file.
    pub file: &'a str,
    /// Its findings: from the command line errors first, on the page in the order of the text.
    pub findings: Vec<Finding<'a>>,
}

/// One finding. Lines and columns count from 1, columns in characters; offsets count bytes from 0.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
pub struct Finding<'a> {
    rule: &'static str,
    #[cfg_attr(feature = "typescript", ts(as = "Severity"))]
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Location<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<Vec<Location>>", optional))]
    related: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixView<'a>>,
}

/// A range of the file, with what it shows where that is not obvious.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
struct Location<'a> {
    start: Position,
    end: Position,
    offset: usize,
    length: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[cfg_attr(feature = "typescript", ts(as = "Option<String>", optional))]
    label: &'a str,
}

/// A fix as a set of edits.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "Fix"))]
struct FixView<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<EditView<'a>>,
}

/// One replacement.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "Edit"))]
struct EditView<'a> {
    start: Position,
    end: Position,
    offset: usize,
    length: usize,
    replacement: &'a str,
}

/// The view of one file that serializes to the report.
pub fn file<'a>(source: &Source<'a>, diagnostics: &'a [Diagnostic]) -> File<'a> {
    File { file: source.name(), findings: diagnostics.iter().map(|diagnostic| finding(source, diagnostic)).collect() }
}

fn finding<'a>(source: &Source<'_>, diagnostic: &'a Diagnostic) -> Finding<'a> {
    Finding {
        rule: diagnostic.rule.as_str(),
        severity: diagnostic.severity.name(),
        message: &diagnostic.message,
        place: place(source, &diagnostic.primary),
        related: diagnostic.related.iter().map(|label| place(source, label)).collect(),
        help: diagnostic.help.as_deref(),
        fix: diagnostic.fix.as_ref().map(|fix| fix_view(source, fix)),
    }
}

fn place<'a>(source: &Source<'_>, label: &'a Label) -> Location<'a> {
    let Span { start, end } = label.span;
    Location {
        start: source.position(start),
        end: source.position(end),
        offset: start,
        length: end - start,
        label: &label.message,
    }
}

fn fix_view<'a>(source: &Source<'_>, fix: &'a Fix) -> FixView<'a> {
    FixView {
        title: &fix.title,
        safe: fix.safety == Safety::Safe,
        edits: fix.edits.iter().map(|edit| edit_view(source, edit)).collect(),
    }
}

fn edit_view<'a>(source: &Source<'_>, edit: &'a Edit) -> EditView<'a> {
    let Span { start, end } = edit.span;
    EditView {
        start: source.position(start),
        end: source.position(end),
        offset: start,
        length: end - start,
        replacement: &edit.replacement,
    }
}
