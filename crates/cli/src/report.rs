//! Reports of findings for people and programs: one file per format.

mod code_insights;
mod codeclimate;
mod github;
mod json;
mod junit;
mod sarif;
mod text;

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Write},
};

use clap::ValueEnum;
use keyless_core::diagnostic::{Diagnostic, RuleId, Severity};
use serde::Serialize;

use crate::{fix, linted::LintedFile};

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: each finding with the lines that it is about
    Text,
    /// For programs: one document, described by its `version`
    Json,
    /// SARIF 2.1.0, for code scanning services
    Sarif,
    /// JUnit's XML: Bitbucket shows test-results/*.xml as test results
    Junit,
    /// The bodies of the requests that put a report on a commit in Bitbucket
    CodeInsights,
    /// Workflow commands of GitHub Actions
    Github,
    /// GitLab's code quality report
    Codeclimate,
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
    /// The files; their findings are those that are shown.
    pub(crate) files: Vec<LintedFile>,
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
    /// Takes away what weighs less than `minimum`, and sorts the rest.
    pub(crate) fn new(mut files: Vec<LintedFile>, minimum: Severity, order: Order) -> Self {
        let (mut shown, mut hidden) = (Counts::default(), Counts::default());
        let mut fixable = 0;
        for file in &mut files {
            file.diagnostics.retain(|diagnostic| {
                let counts = diagnostic.severity >= minimum;
                if counts { &mut shown } else { &mut hidden }.add(diagnostic);
                fixable += usize::from(counts && fix::safe_fix(diagnostic).is_some());
                counts
            });
            if order == Order::Severity {
                // the sort is stable: findings of one severity stay in the order of the file
                file.diagnostics.sort_by_key(|diagnostic| Reverse(diagnostic.severity));
            }
        }
        let fixed = files.iter().filter_map(|file| file.fixed.as_ref()).map(|fixed| fixed.count).sum();
        Self { files, shown, hidden, fixable, fixed }
    }
}

/// Writes how many findings each rule has, the most frequent rule first.
pub(crate) fn write_statistics(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let mut counted: BTreeMap<RuleId, usize> = BTreeMap::new();
    for diagnostic in report.files.iter().flat_map(|file| &file.diagnostics) {
        *counted.entry(diagnostic.rule).or_default() += 1;
    }
    let mut counted: Vec<_> = counted.into_iter().collect();
    counted.sort_by_key(|(rule, count)| (Reverse(*count), *rule));
    let width = counted.first().map_or(0, |(_, count)| count.to_string().len());
    for (rule, count) in counted {
        writeln!(output, "{count:width$}  {rule}")?;
    }
    Ok(())
}

/// Writes a report.
pub(crate) fn write(report: &Report, format: Format, colors: bool, output: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, colors, output),
        Format::Json => json::write(report, output),
        Format::Sarif => sarif::write(report, output),
        Format::Junit => junit::write(report, output),
        Format::CodeInsights => code_insights::write(report, output),
        Format::Github => github::write(report, output),
        Format::Codeclimate => codeclimate::write(report, output),
    }
}
