//! Reports of findings for people and programs: one file per format, and one row in [`FORMATS`].

mod checkstyle;
mod code_insights;
mod concise;
mod destination;
mod github;
mod gitlab;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod sarif;
mod service;
mod text;
mod xml;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use clap::ValueEnum;
use keyless_core::{
    diagnostic::{Diagnostic, RuleId, Severity},
    fix,
    text::Source,
};
use serde::Serialize;

use crate::{
    failure::Failure,
    linted::LintedFile,
    streams::{Look, Streams},
};

pub(crate) use destination::{Destination, DestinationParser, Destinations};
pub(crate) use service::{Service, service};

/// A format of reports.
#[derive(Debug)]
pub(crate) struct Format {
    /// What `--format` calls it.
    name: &'static str,
    /// An older name.
    alias: Option<&'static str>,
    /// What `--help` says about it.
    help: &'static str,
    /// What writes it.
    writer: Writer,
}

/// What writes a report.
#[derive(Debug)]
enum Writer {
    /// A document, written even if nothing could be read.
    Document(fn(&Report, &mut dyn Write) -> io::Result<()>),
    /// Lines for people, which look as the second argument says.
    Lines(fn(&Report, Look, &mut dyn Write) -> io::Result<()>),
}

/// The formats, in the order of `--help`. The first is the default.
const FORMATS: &[Format] = &[
    Format::new("text", "For people: each finding with the lines that it is about", Writer::Lines(text::write)),
    Format::new("concise", "For editors and `grep`: a line for each finding", Writer::Lines(concise::write)),
    Format::new("json", "For programs: one document, described by its `version`", Writer::Document(json::write)),
    Format::new("jsonl", "JSON Lines: an object for each finding", Writer::Document(jsonl::write)),
    Format::new("sarif", "SARIF 2.1.0, for code scanning services", Writer::Document(sarif::write)),
    Format::new(
        "junit",
        "JUnit's XML: Bitbucket shows test-results/*.xml as test results",
        Writer::Document(junit::write),
    ),
    Format::new(
        "checkstyle",
        "Checkstyle's XML, for build servers and review tools",
        Writer::Document(checkstyle::write),
    ),
    Format::new(
        "markdown",
        "For a comment on a pull request: the worst findings first",
        Writer::Document(markdown::write),
    ),
    Format::new(
        "code-insights",
        "The bodies of the requests that put a report on a commit in Bitbucket",
        Writer::Document(code_insights::write),
    ),
    Format::new("github", "Workflow commands of GitHub Actions", Writer::Document(github::write)),
    Format::new("gitlab", "GitLab's code quality report", Writer::Document(gitlab::write)).alias("codeclimate"),
];

impl Format {
    const fn new(name: &'static str, help: &'static str, writer: Writer) -> Self {
        Self { name, alias: None, help, writer }
    }

    const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    /// The format with this name.
    fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name || format.alias == Some(name))
    }

    /// Writes a report. A person with nothing but failures is not told that nothing was found.
    fn write(&self, report: &Report, look: Look, output: &mut dyn Write) -> io::Result<()> {
        match self.writer {
            Writer::Lines(_) if report.checked == 0 => Ok(()),
            Writer::Lines(write) => write(report, look, output),
            Writer::Document(write) => write(report, output),
        }
    }
}

/// In which order the findings of a file are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// Errors first, then warnings, then hints
    Severity,
    /// As in the file
    Position,
}

/// Linted files with the findings that count.
#[derive(Debug)]
pub(crate) struct Report {
    minimum: Severity,
    order: Order,
    /// Whether text ends with the last finding.
    quiet: bool,
    /// The files, unless each is written at once; their findings are those that are shown. One without findings has no text.
    pub(crate) files: Vec<LintedFile>,
    /// How many files were checked.
    pub(crate) checked: usize,
    /// How many findings of each rule are shown.
    by_rule: BTreeMap<RuleId, usize>,
    /// How many findings are shown.
    pub(crate) shown: Counts,
    /// How many are below the minimum severity.
    pub(crate) hidden: Counts,
    /// How many of those shown have a safe fix.
    pub(crate) fixable: usize,
    /// How many were fixed already.
    pub(crate) fixed: usize,
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Errors.
    pub(crate) errors: usize,
    /// Warnings.
    pub(crate) warnings: usize,
    /// Hints.
    pub(crate) hints: usize,
}

impl Counts {
    /// Findings of every severity.
    pub(crate) const fn total(self) -> usize {
        self.errors + self.warnings + self.hints
    }

    fn add(&mut self, diagnostic: &Diagnostic) {
        *match diagnostic.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Hint => &mut self.hints,
        } += 1;
    }
}

impl Report {
    /// A report without files, of findings from `minimum` on.
    pub(crate) fn new(minimum: Severity, order: Order, quiet: bool) -> Self {
        let (shown, hidden) = (Counts::default(), Counts::default());
        let by_rule = BTreeMap::new();
        Self { minimum, order, quiet, files: Vec::new(), checked: 0, by_rule, shown, hidden, fixable: 0, fixed: 0 }
    }

    /// Counts the findings of a file, takes away those below the minimum, and sorts the rest.
    pub(crate) fn count(&mut self, file: &mut LintedFile) {
        let Self { minimum, shown, hidden, fixable, by_rule, .. } = self;
        file.diagnostics.retain(|diagnostic| {
            let counts = diagnostic.severity >= *minimum;
            if counts {
                shown.add(diagnostic);
                *fixable += usize::from(fix::safe_fix(diagnostic).is_some());
                *by_rule.entry(diagnostic.rule).or_default() += 1;
            } else {
                hidden.add(diagnostic);
            }
            counts
        });
        if self.order == Order::Severity {
            // the sort is stable: findings of one severity stay in the order of the file
            file.diagnostics.sort_by_key(|diagnostic| Reverse(diagnostic.severity));
        }
        self.checked += 1;
        self.fixed += file.fixed.as_ref().map_or(0, |fixed| fixed.count);
    }

    /// Keeps a file that was counted.
    pub(crate) fn keep(&mut self, mut file: LintedFile) {
        if file.diagnostics.is_empty() {
            file.text = String::new();
        }
        file.fixed = None;
        self.files.push(file);
    }

    /// How many findings each rule has, the most frequent rule first.
    fn by_rule(&self) -> Vec<(RuleId, usize)> {
        let mut counted: Vec<_> = self.by_rule.iter().map(|(rule, count)| (*rule, *count)).collect();
        counted.sort_by_key(|(rule, count)| (Reverse(*count), *rule));
        counted
    }

    /// The text of each file with its line table.
    fn sources(&self) -> Vec<Source<'_>> {
        self.files.iter().map(LintedFile::source).collect()
    }

    /// The findings of all files, with the texts from [`sources`](Self::sources): errors first, then warnings, then hints.
    fn worst_first<'r>(&'r self, sources: &'r [Source<'r>]) -> Vec<(&'r Source<'r>, &'r Diagnostic)> {
        let files = sources.iter().zip(&self.files);
        let mut findings: Vec<_> =
            files.flat_map(|(source, file)| file.diagnostics.iter().map(move |found| (source, found))).collect();
        // the sort is stable: findings of one severity stay in the order of the files
        findings.sort_by_key(|(_, diagnostic)| Reverse(diagnostic.severity));
        findings
    }
}

/// Writes how many findings each rule has, the most frequent rule first, to a file or to standard output. Returns the file if it
/// could not be written.
pub(crate) fn write_statistics(
    report: &Report,
    file: Option<&Path>,
    streams: &mut Streams<'_>,
) -> io::Result<Vec<Failure>> {
    match file {
        Some(file) => {
            Ok(destination::write_file(file, |output| statistics(report, output)).err().into_iter().collect())
        }
        None => statistics(report, &mut streams.output).map(|()| Vec::new()),
    }
}

fn statistics(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let counted = report.by_rule();
    let width = counted.first().map_or(0, |(_, count)| count.to_string().len());
    for (rule, count) in counted {
        writeln!(output, "{count:width$}  {rule}")?;
    }
    Ok(())
}

/// Prints the findings of a file as text, before the report that ends with their number.
pub(crate) fn print_text(file: &LintedFile, streams: &mut Streams<'_>) -> io::Result<()> {
    text::write_file(file, streams.look, &mut streams.output)
}

/// A finding as text, without colors.
pub(crate) fn as_text(source: &Source<'_>, diagnostic: &Diagnostic) -> String {
    text::finding(source, diagnostic, Look::default())
}
