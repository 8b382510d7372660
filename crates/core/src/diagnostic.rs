//! A finding: message, locations, help and fix.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    fmt,
    str::FromStr,
};

use serde::Serialize;

use crate::text::Span;

/// How serious a finding is, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename_all = "kebab-case"))]
pub enum Severity {
    /// Advice: the file works, but could be better.
    Hint,
    /// Likely wrong, or risky.
    Warning,
    /// Bitbucket rejects the file, or the step cannot work.
    Error,
}

impl Severity {
    /// All severities, from least to most serious.
    pub const ALL: [Self; 3] = [Self::Hint, Self::Warning, Self::Error];

    /// The name used in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The string is not a severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity `{0}`; expected `error`, `warning` or `hint`")]
pub struct UnknownSeverity(String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|severity| severity.name() == word).ok_or_else(|| UnknownSeverity(word.to_owned()))
    }
}

/// The identity of a rule: its kebab-case name, such as `unknown-key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleId(&'static str);

impl RuleId {
    /// The id of a rule; only the declaration of that rule calls this.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name, as reports and settings spell it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// A location in the file with a short message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What to see there; may be empty on the primary place.
    pub message: Cow<'static, str>,
}

/// Whether a fix can be applied without review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// The file keeps its meaning, or gets the one that its author clearly intended.
    Safe,
    /// Someone should review the result.
    Unsafe,
}

/// A replacement of one range of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// The new text; empty for a deletion.
    pub replacement: String,
}

/// A change of the file that removes a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an instruction: "change it to `oidc`".
    pub title: String,
    /// Whether it can be applied without review.
    pub safety: Safety,
    /// Non-overlapping edits, in text order.
    pub edits: Vec<Edit>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The id of the rule that found it, such as `unknown-key`.
    pub rule: RuleId,
    /// Its weight.
    pub severity: Severity,
    /// What is wrong, in one lower-case sentence without a full stop.
    pub message: String,
    /// Where.
    pub primary: Label,
    /// Related locations: the first of two duplicate keys, the uses of an anchor.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// A change that does it.
    pub fix: Option<Fix>,
    /// Spans in addition to the primary one where findings of other rules have the same cause; no report shows them.
    pub covers: Vec<Span>,
    /// Whether findings of this rule with the same message in one file have one cause, so that they are one finding with
    /// several locations.
    pub one_cause: bool,
    /// The step that it is about. If other steps share the text at its place and are right, the step is reported instead.
    pub step: Option<StepPlace>,
}

/// A step as the subject of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPlace {
    /// All of it, as written where it is defined.
    pub whole: Span,
    /// The span to report for it.
    pub place: Span,
    /// `name`
    pub name: Option<String>,
    /// Its index among the steps of the file.
    pub index: usize,
}

impl Diagnostic {
    /// A finding of `rule` at `span` that has only a message.
    pub fn new(rule: RuleId, severity: Severity, span: Span, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            message: message.into(),
            primary: Label { span, message: Cow::Borrowed("") },
            related: Vec::new(),
            help: None,
            fix: None,
            covers: Vec::new(),
            one_cause: false,
            step: None,
        }
    }

    /// Sets the label of the primary location.
    pub fn label(&mut self, message: impl Into<Cow<'static, str>>) -> &mut Self {
        self.primary.message = message.into();
        self
    }

    /// Adds a related location.
    pub fn related(&mut self, span: Span, message: impl Into<Cow<'static, str>>) -> &mut Self {
        self.related.push(Label { span, message: message.into() });
        self
    }

    /// Adds a span where findings of other rules have the same cause: rules that name this one in their `explained_by`
    /// report nothing there.
    pub fn covers(&mut self, span: Span) -> &mut Self {
        self.covers.push(span);
        self
    }

    /// Names the step that it is about.
    pub fn of_step(&mut self, step: StepPlace) -> &mut Self {
        self.step = Some(step);
        self
    }

    /// Joins it with the findings of the rule that have the same message.
    pub fn one_cause(&mut self) -> &mut Self {
        self.one_cause = true;
        self
    }

    /// Sets the help: one imperative sentence.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Offers a fix.
    pub fn fix(&mut self, title: impl Into<String>, safety: Safety, edits: Vec<Edit>) -> &mut Self {
        self.fix = Some(Fix { title: title.into(), safety, edits });
        self
    }
}

/// The label of a location where the same cause leads to the same finding.
pub const REPEATED: &str = "also here";

/// Joins the findings that say of themselves that they have one cause: the first one lists the places of the others.
/// The findings are sorted.
pub fn join(diagnostics: &mut Vec<Diagnostic>) {
    let mut first: HashMap<(RuleId, Severity, String), usize> = HashMap::new();
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics.drain(..) {
        if diagnostic.one_cause {
            let cause = (diagnostic.rule, diagnostic.severity, diagnostic.message.clone());
            match first.entry(cause) {
                Entry::Occupied(entry) => {
                    let whole = &mut kept[*entry.get()];
                    whole.related(diagnostic.primary.span, REPEATED);
                    for label in diagnostic.related {
                        if !whole.related.contains(&label) {
                            whole.related.push(label);
                        }
                    }
                    continue;
                }
                Entry::Vacant(entry) => {
                    entry.insert(kept.len());
                }
            }
        }
        kept.push(diagnostic);
    }
    *diagnostics = kept;
}

/// Sorts findings by position, and removes duplicates: the same message from the same rule at the same location.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        (a.primary.span, b.severity, a.rule, &a.message).cmp(&(b.primary.span, a.severity, b.rule, &b.message))
    });
    diagnostics.dedup_by(|a, b| a.rule == b.rule && a.primary.span == b.primary.span && a.message == b.message);
}
