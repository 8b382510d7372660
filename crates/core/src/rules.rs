//! What a rule is, whether it checks pipelines or trust policies.

pub mod pipeline;
pub(crate) mod precedence;
pub mod trust;

use crate::{
    diagnostic::{Diagnostic, RuleId, Severity},
    text::Span,
};

/// A rule: what it looks for, why, and how. `C` is the function that looks for it; `()` where only the description counts.
#[derive(Clone, Copy)]
pub struct Rule<C> {
    /// Its name, a noun for the bad thing that reads well in "allow `id`".
    pub id: RuleId,
    /// How much its findings weigh, unless one says otherwise.
    pub severity: Severity,
    /// Its documentation in Markdown, each line with a leading space as doc comments have them; empty without the feature
    /// `documentation`.
    pub doc: &'static str,
    /// Rules that say more about the same cause: a finding that one of theirs covers is dropped.
    pub explained_by: &'static [RuleId],
    /// Looks for it.
    pub check: C,
}

/// An example in a rule's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Whether the rule finds something in it.
    pub wrong: bool,
    /// What the file is called; unless the example says otherwise `bitbucket-pipelines.yml` or `trust-policy.json`.
    pub file_name: String,
    /// The pipeline file or the policy.
    pub text: String,
    /// The trust policy of the role that the pipeline's steps assume.
    pub policy: Option<String>,
}

impl<C> Rule<C> {
    /// The rule without its function, so that rules of both kinds can be listed together.
    pub const fn described(&self) -> Rule<()> {
        Rule { id: self.id, severity: self.severity, doc: self.doc, explained_by: self.explained_by, check: () }
    }

    /// The documentation as Markdown.
    pub fn documentation(&self) -> String {
        let lines = self.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    /// The first paragraph of the documentation: what is wrong, in one or two sentences.
    pub fn summary(&self) -> String {
        self.documentation().split("\n\n").next().unwrap_or_default().replace('\n', " ")
    }

    /// The examples, fenced as `yaml wrong` or `json right`, with a file name behind where it matters. A block fenced as
    /// `json policy` is the trust policy for the examples below it.
    pub fn examples(&self) -> Vec<Example> {
        let mut examples: Vec<Example> = Vec::new();
        let mut policy = None;
        let mut open: Option<Example> = None;
        for line in self.documentation().lines() {
            match (&mut open, line) {
                (None, line) => open = fence(line, policy.clone()),
                (Some(_), "```") => match open.take() {
                    Some(example) if example.file_name == POLICY => policy = Some(example.text),
                    example => examples.extend(example),
                },
                (Some(example), line) => {
                    example.text.push_str(line);
                    example.text.push('\n');
                }
            }
        }
        examples
    }
}

/// How the fence of an example's policy is told from the examples.
const POLICY: &str = "policy";

/// The example that the line of a fence opens.
fn fence(line: &str, policy: Option<String>) -> Option<Example> {
    let (default_name, rest) = line
        .strip_prefix("```yaml ")
        .map(|rest| ("bitbucket-pipelines.yml", rest))
        .or_else(|| line.strip_prefix("```json ").map(|rest| ("trust-policy.json", rest)))?;
    let mut words = rest.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let name = if kind == POLICY { POLICY } else { words.next().unwrap_or(default_name) };
    Some(Example { wrong: kind == "wrong", file_name: name.to_owned(), text: String::new(), policy })
}

/// Where a rule puts its findings.
pub struct Findings<'d> {
    id: RuleId,
    severity: Severity,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'d> Findings<'d> {
    pub(crate) fn new<C>(rule: &Rule<C>, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self { id: rule.id, severity: rule.severity, diagnostics }
    }

    /// Reports a finding with the rule's default severity; the methods of [`Diagnostic`] add to it.
    pub fn report(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.report_as(self.severity, span, message)
    }

    /// Reports a finding with another severity.
    pub fn report_as(&mut self, severity: Severity, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push_mut(Diagnostic::new(self.id, severity, span, message))
    }

    /// The findings of this rule that an earlier reading made already.
    pub(crate) fn take_over(&mut self, problems: &[Diagnostic]) {
        self.diagnostics.extend(problems.iter().filter(|problem| problem.rule == self.id).cloned());
    }
}

/// Declares a rule in a module whose parent names its kind `Rule`. Its doc comment is the documentation that users read.
///
/// ```text
/// rule! {
///     /// What is wrong, in a sentence or two.
///     ///
///     /// Why it matters.
///     ///
///     /// ```yaml wrong
///     /// …
///     /// ```
///     ///
///     /// ```yaml right
///     /// …
///     /// ```
///     static RULE: "some-bad-thing", Error, check
/// }
/// ```
///
/// `explained_by ["other-rule"]` after the check names rules whose findings make this rule's findings at the same place
/// redundant.
macro_rules! rule {
    ($(#[doc = $doc:literal])+ static $name:ident: $id:literal, $severity:ident, $check:path $(, explained_by [$($other:literal),+])?) => {
        $(#[doc = $doc])+
        pub(super) static $name: super::Rule = super::Rule {
            id: $crate::diagnostic::RuleId::new($id),
            severity: $crate::diagnostic::Severity::$severity,
            doc: if cfg!(feature = "documentation") { concat!($($doc, "\n"),+) } else { "" },
            explained_by: &[$($($crate::diagnostic::RuleId::new($other)),+)?],
            check: $check,
        };
    };
}
pub(crate) use rule;
