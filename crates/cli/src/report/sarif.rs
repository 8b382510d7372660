//! SARIF 2.1.0, the format that code scanning services read.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::{
    borrow::Cow,
    fmt,
    io::{self, Write},
};

use keyless_core::{
    diagnostic::{Diagnostic, Edit, Fix, Label, Severity},
    rules::Rule,
    text::{Source, Span},
};
use serde::{Serialize, Serializer};

use super::Report;
use crate::fingerprint::Fingerprints;
use crate::rules_command;

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    information_uri: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    /// What code scanning lists; it asks for both.
    short_description: Message<'static>,
    full_description: Message<'static>,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule_id: &'static str,
    level: &'static str,
    message: Message<'a>,
    locations: [Location<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    partial_fingerprints: PartialFingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<FixView<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct PartialFingerprints {
    #[serde(rename = "keyless/v1")]
    keyless: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(rename = "physicalLocation")]
    physical: PhysicalLocation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'a> {
    artifact_location: Artifact<'a>,
    region: Region,
}

#[derive(Serialize)]
struct Artifact<'a> {
    uri: RelativeReference<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    byte_offset: usize,
    byte_length: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FixView<'a> {
    description: Message<'a>,
    artifact_changes: [ArtifactChange<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: Artifact<'a>,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    #[serde(skip_serializing_if = "Option::is_none")]
    inserted_content: Option<Message<'a>>,
}

/// Writes the document.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    let mut results = Vec::with_capacity(report.shown.total());
    for file in &report.files {
        let source = file.source();
        results.extend(
            file.diagnostics
                .iter()
                .map(|diagnostic| finding(&source, diagnostic, fingerprints.of(&source, diagnostic))),
        );
    }
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run { tool: Tool { driver: driver() }, column_kind: "unicodeCodePoints", results }],
    };
    serde_json::to_writer_pretty(&mut *output, &log)?;
    writeln!(output)
}

fn driver() -> Driver {
    let descriptor = |rule: Rule<()>| Descriptor {
        id: rule.id.as_str(),
        short_description: Message { text: rule.summary().into() },
        full_description: Message { text: rule.summary().into() },
        help: Help { text: rule.documentation(), markdown: rule.documentation() },
        default_configuration: Configuration { level: level(rule.severity) },
    };
    Driver {
        name: "keyless",
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: rules_command::all().map(descriptor).collect(),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    }
}

fn finding<'a>(source: &Source<'a>, diagnostic: &'a Diagnostic, fingerprint: String) -> Finding<'a> {
    Finding {
        rule_id: diagnostic.rule.as_str(),
        level: level(diagnostic.severity),
        message: Message {
            text: match &diagnostic.help {
                Some(help) => format!("{}\nhelp: {help}", diagnostic.message).into(),
                None => (&*diagnostic.message).into(),
            },
        },
        locations: [location(source, &diagnostic.primary, None)],
        related_locations: diagnostic
            .related
            .iter()
            .enumerate()
            .map(|(index, label)| location(source, label, Some(index)))
            .collect(),
        partial_fingerprints: PartialFingerprints { keyless: fingerprint },
        fixes: diagnostic.fix.iter().map(|fix| fix_view(source, fix)).collect(),
    }
}

fn location<'a>(source: &Source<'a>, label: &'a Label, id: Option<usize>) -> Location<'a> {
    Location {
        id,
        physical: PhysicalLocation { artifact_location: artifact(source), region: region(source, label.span) },
        message: Some(&*label.message).filter(|text| !text.is_empty()).map(|text| Message { text: text.into() }),
    }
}

fn fix_view<'a>(source: &Source<'a>, fix: &'a Fix) -> FixView<'a> {
    FixView {
        description: Message { text: (&*fix.title).into() },
        artifact_changes: [ArtifactChange {
            artifact_location: artifact(source),
            replacements: fix.edits.iter().map(|edit| replacement(source, edit)).collect(),
        }],
    }
}

fn replacement<'a>(source: &Source<'_>, edit: &'a Edit) -> Replacement<'a> {
    Replacement {
        deleted_region: region(source, edit.span),
        inserted_content: Some(&*edit.replacement)
            .filter(|text| !text.is_empty())
            .map(|text| Message { text: text.into() }),
    }
}

fn region(source: &Source<'_>, span: Span) -> Region {
    let (start, end) = (source.position(span.start), source.position(span.end));
    Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_offset: span.start,
        byte_length: span.len(),
    }
}

fn artifact<'a>(source: &Source<'a>) -> Artifact<'a> {
    Artifact { uri: RelativeReference(source.name()) }
}

/// A path as a relative reference of RFC 3986.
struct RelativeReference<'a>(&'a str);

impl fmt::Display for RelativeReference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.0.bytes().try_for_each(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => f.write_char(byte.into()),
            _ => write!(f, "%{byte:02X}"),
        })
    }
}

impl Serialize for RelativeReference<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
