//! The results of the checks, for people or as one JSON document.

use std::io;

use serde_json::json;

use crate::{outcome::Outcome, streams::Streams};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Result {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// Unknown: the access is missing.
    NotChecked,
}

impl Result {
    const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotChecked => "not checked",
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Self::Pass => "✔",
            Self::Fail => "✖",
            Self::NotChecked => "?",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug)]
struct Finding {
    check: &'static str,
    result: Result,
    text: String,
    /// What to do.
    fix: Option<String>,
}

/// The findings so far. Each is printed at once, unless all are wanted as one document.
pub(super) struct Report<'r, 's> {
    json: bool,
    findings: Vec<Finding>,
    streams: &'r mut Streams<'s>,
}

impl<'r, 's> Report<'r, 's> {
    pub(super) fn new(json: bool, streams: &'r mut Streams<'s>) -> Self {
        Self { json, findings: Vec::new(), streams }
    }

    pub(super) fn pass(&mut self, check: &'static str, text: String) -> io::Result<()> {
        self.add(Finding { check, result: Result::Pass, text, fix: None })
    }

    pub(super) fn fail(&mut self, check: &'static str, text: String, fix: String) -> io::Result<()> {
        self.add(Finding { check, result: Result::Fail, text, fix: Some(fix) })
    }

    pub(super) fn not_checked(&mut self, check: &'static str, text: String, fix: String) -> io::Result<()> {
        self.add(Finding { check, result: Result::NotChecked, text, fix: Some(fix) })
    }

    fn add(&mut self, finding: Finding) -> io::Result<()> {
        if !self.json {
            let Finding { check, result, text, fix } = &finding;
            let reason = if *result == Result::NotChecked { "not checked: " } else { "" };
            let help = fix.as_ref().map_or_else(String::new, |fix| format!("\nhelp: {fix}"));
            let lines = format!("{check}: {reason}{text}{help}").replace('\n', "\n    ");
            writeln!(self.streams.output, "{} {lines}", result.mark())?;
            // the next check may wait for the network
            self.streams.output.flush()?;
        }
        self.findings.push(finding);
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<Outcome> {
        let count = |result| self.findings.iter().filter(|finding| finding.result == result).count();
        let failed = count(Result::Fail);
        if self.json {
            let checks: Vec<_> = self
                .findings
                .iter()
                .map(|it| json!({"check": it.check, "outcome": it.result.name(), "text": it.text, "fix": it.fix}))
                .collect();
            writeln!(self.streams.output, "{:#}", json!({"version": 1, "checks": checks}))?;
        } else {
            let (passed, unknown) = (count(Result::Pass), count(Result::NotChecked));
            writeln!(self.streams.output, "  {passed} passed, {failed} failed, {unknown} not checked")?;
        }
        Ok(if failed > 0 { Outcome::Findings } else { Outcome::Clean })
    }
}
