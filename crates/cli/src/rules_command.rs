//! `keyless rules` and `keyless explain`.

use std::{io, io::Write};

use keyless_core::{
    diagnostic::{RuleId, Severity},
    rules::{Rule, pipeline, trust},
    spelling,
};

use crate::{failure::Failure, outcome::Outcome, streams::Streams};

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

/// Every rule, in the order of the documentation: those over pipelines, then those over trust policies.
pub(crate) fn all() -> impl Iterator<Item = Rule<()>> {
    let pipelines = pipeline::RULES.iter().map(|rule| rule.described());
    [NOT_UTF8_RULE].into_iter().chain(pipelines).chain(trust::RULES.iter().map(|rule| rule.described()))
}

/// Lists the rules: id, severity and what each is about.
pub(crate) fn list(streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let width = all().map(|rule| rule.id.as_str().len()).max().unwrap_or_default();
    for rule in all() {
        writeln!(streams.output, "{:width$}  {:7}  {}", rule.id, rule.severity.name(), rule.summary())?;
    }
    Ok(Outcome::Clean)
}

/// Prints the documentation of one rule.
pub(crate) fn explain(id: &str, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let Some(rule) = all().find(|rule| rule.id.as_str() == id) else {
        let nearest = spelling::nearest(id, all().map(|rule| rule.id.as_str()));
        streams.fail(&Failure::UnknownRule { id: id.to_owned(), nearest });
        return Ok(Outcome::CannotRun);
    };
    writeln!(streams.output, "# {} ({})\n\n{}", rule.id, rule.severity, rule.documentation())?;
    Ok(Outcome::Clean)
}
