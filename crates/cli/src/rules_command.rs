//! `keyless rules` and `keyless explain`.

use std::{ffi::OsStr, io, io::Write};

use clap::{
    Arg, Command, ValueEnum,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};
use keyless_core::{
    diagnostic::{RuleId, Severity},
    lint,
    rules::{Example, Group, Rule, pipeline, trust},
    settings::Settings,
    spelling,
    text::Source,
};
use serde::Serialize;

use crate::{failure::Failure, markdown, outcome::Outcome, streams::Streams};

/// How rules are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuleFormat {
    /// For people: a line each
    Text,
    /// For programs: one list
    Json,
}

/// Reads the id of a rule. Shells complete the known ones; [`explain`] says what is wrong with others.
#[derive(Clone, Debug)]
pub(crate) struct RuleIdParser;

impl TypedValueParser for RuleIdParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(all().map(|rule| PossibleValue::new(rule.id.as_str()))))
    }
}

/// The rule for input that is not UTF-8; the only one that the command applies, not the linter.
pub(crate) const NOT_UTF8: RuleId = RuleId::new("not-utf8");

/// Its place among the rules, so that it is explained like the others.
static NOT_UTF8_RULE: Rule<()> = Rule {
    id: NOT_UTF8,
    severity: Severity::Error,
    doc: "\
A file that is not UTF-8 text, the only encoding that Bitbucket reads.

Editors on Windows may save UTF-16 or a local encoding such as Windows-1252, often for one letter in a comment. The
finding names the first byte that is wrong; nothing else is looked for in such a file.
",
    explained_by: &[],
    check: (),
};

/// The rule for `keyless.yaml`.
pub(crate) const INVALID_SETTINGS: RuleId = RuleId::new("invalid-settings");

static INVALID_SETTINGS_RULE: Rule<()> = Rule {
    id: INVALID_SETTINGS,
    severity: Severity::Error,
    doc: "\
An error in `keyless.yaml`: an unknown key, rule, group or level, or a value of another type.

The files that these settings hold for are not linted, because the settings may have been meant to turn rules off. The exit
status is 2. `keyless schema settings` prints a JSON Schema, with which editors complete and check the file.
",
    explained_by: &[],
    check: (),
};

/// Every rule, in the order of the documentation: those over pipelines, those over trust policies, and that over settings.
pub(crate) fn all() -> impl Iterator<Item = Rule<()>> {
    let pipelines = pipeline::RULES.iter().map(|rule| rule.described());
    let policies = trust::RULES.iter().map(|rule| rule.described());
    [NOT_UTF8_RULE].into_iter().chain(pipelines).chain(policies).chain([INVALID_SETTINGS_RULE])
}

/// The address of a rule's documentation: its file in the repository, in this version.
pub(crate) fn page(rule: RuleId) -> String {
    let file = rule.as_str().replace('-', "_");
    let path = if rule == NOT_UTF8 || rule == INVALID_SETTINGS {
        "cli/src/rules_command.rs".to_owned()
    } else {
        let kind = if pipeline::rule(rule.as_str()).is_some() { "pipeline" } else { "trust" };
        format!("core/src/rules/{kind}/{file}.rs")
    };
    format!("{}/src/v{}/crates/{path}", env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"))
}

/// A rule as `keyless rules` lists it.
#[derive(Debug, Serialize)]
struct Listed {
    id: RuleId,
    severity: &'static str,
    group: &'static str,
    /// Whether a finding can be fixed by `--fix`, or by an edit that needs a review.
    fix: bool,
    summary: String,
}

impl Listed {
    fn new(rule: &Rule<()>) -> Self {
        let group = group_of(rule.id);
        let fix = rule.examples().iter().filter(|example| example.wrong).any(|example| is_fixed(rule.id, example));
        Self { id: rule.id, severity: rule.severity.name(), group: group.name(), fix, summary: rule.summary() }
    }
}

fn group_of(rule: RuleId) -> Group {
    match pipeline::group(rule) {
        Some(group) => group,
        None if trust::rule(rule.as_str()).is_some() => Group::Policies,
        None => Group::Syntax,
    }
}

/// Whether a finding of a rule in one of its examples has a fix.
fn is_fixed(rule: RuleId, example: &Example) -> bool {
    let source = Source::new(&example.file_name, &example.text);
    let found = match pipeline::rule(rule.as_str()) {
        Some(_) => lint::lint(&source, &Settings::default()),
        None => trust::findings(&source),
    };
    found.iter().any(|finding| finding.rule == rule && finding.fix.is_some())
}

/// Lists the rules: id, severity, group, whether there is a fix, and what each is about.
pub(crate) fn list(format: RuleFormat, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let rules: Vec<Listed> = all().map(|rule| Listed::new(&rule)).collect();
    if format == RuleFormat::Json {
        serde_json::to_writer_pretty(&mut streams.output, &rules)?;
        writeln!(streams.output)?;
        return Ok(Outcome::Clean);
    }
    let width = rules.iter().map(|rule| rule.id.as_str().len()).max().unwrap_or_default();
    for Listed { id, severity, group, fix, summary } in rules {
        let fix = if fix { '*' } else { ' ' };
        writeln!(streams.output, "{id:width$}  {severity:7}  {group:11}  {fix} {summary}")?;
    }
    Ok(Outcome::Clean)
}

/// Prints the documentation of one rule, or the rules of a group.
pub(crate) fn explain(id: &str, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let Some(rule) = all().find(|rule| rule.id.as_str() == id) else {
        if let Some(group) = Group::ALL.into_iter().find(|group| group.name() == id) {
            let rules = all().filter(|rule| group_of(rule.id) == group);
            for rule in rules {
                writeln!(streams.output, "{}: {}", rule.id, rule.summary())?;
            }
            return Ok(Outcome::Clean);
        }
        let names = all().map(|rule| rule.id.as_str()).chain(Group::ALL.map(Group::name));
        streams.fail(&Failure::UnknownRuleOrGroup { name: id.to_owned(), nearest: spelling::nearest(id, names) });
        return Ok(Outcome::CannotRun);
    };
    let text = format!("# {} ({})\n\n{}\n", rule.id, rule.severity, rule.documentation());
    let text = if streams.look.colors { markdown::render(&text) } else { text };
    write!(streams.output, "{text}")?;
    Ok(Outcome::Clean)
}
