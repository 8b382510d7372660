//! What a rule is.

use crate::{
    diagnostic::{Diagnostic, Severity},
    lint::File,
    source::Span,
};

/// A rule: what it looks for, why, and how.
pub struct Rule {
    /// Its name, a noun for the bad thing that reads well in "allow `id`".
    pub id: &'static str,
    /// How much its findings weigh, unless one says otherwise.
    pub severity: Severity,
    /// Its documentation in Markdown, each line with a leading space as doc comments have them.
    pub doc: &'static str,
    /// Looks for it.
    pub check: fn(&File<'_>, &mut Findings<'_>),
}

/// An example in a rule's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Whether the rule finds something in it.
    pub wrong: bool,
    /// What the file is called; `bitbucket-pipelines.yml` unless the example says otherwise.
    pub file_name: String,
    /// The pipeline file.
    pub text: String,
}

impl Rule {
    /// The documentation as Markdown.
    pub fn documentation(&self) -> String {
        let lines = self.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    /// The first paragraph of the documentation: what is wrong, in one or two sentences.
    pub fn summary(&self) -> String {
        self.documentation().split("\n\n").next().unwrap_or_default().replace('\n', " ")
    }

    /// The examples, fenced as `yaml wrong` and `yaml right`, with a file name behind where it matters.
    pub fn examples(&self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut open: Option<Example> = None;
        for line in self.documentation().lines() {
            match (&mut open, line) {
                (None, line) if line.starts_with("```yaml ") => {
                    let mut words = line.split_whitespace().skip(1);
                    let wrong = words.next() == Some("wrong");
                    let file_name = words.next().unwrap_or("bitbucket-pipelines.yml").to_owned();
                    open = Some(Example { wrong, file_name, text: String::new() });
                }
                (Some(_), "```") => examples.extend(open.take()),
                (Some(example), line) => {
                    example.text.push_str(line);
                    example.text.push('\n');
                }
                (None, _) => {}
            }
        }
        examples
    }
}

/// Where a rule puts its findings.
pub struct Findings<'d> {
    rule: &'static Rule,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'d> Findings<'d> {
    pub(super) fn new(rule: &'static Rule, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self { rule, diagnostics }
    }

    /// A finding with the rule's own severity; add to it by the methods of [`Diagnostic`], through the closure.
    pub fn report(&mut self, span: Span, message: impl Into<String>, more: impl FnOnce(Diagnostic) -> Diagnostic) {
        self.report_as(self.rule.severity, span, message, more);
    }

    /// A finding with a severity of its own.
    pub fn report_as(
        &mut self,
        severity: Severity,
        span: Span,
        message: impl Into<String>,
        more: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        self.diagnostics.push(more(Diagnostic::new(self.rule.id, severity, span, message)));
    }
}

/// Declares a rule. Its doc comment is the documentation that users read.
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
macro_rules! rule {
    ($(#[doc = $doc:literal])+ static $name:ident: $id:literal, $severity:ident, $check:path) => {
        $(#[doc = $doc])+
        pub(super) static $name: $crate::lint::Rule = $crate::lint::Rule {
            id: $id,
            severity: $crate::diagnostic::Severity::$severity,
            doc: concat!($($doc, "\n"),+),
            check: $check,
        };
    };
}
pub(crate) use rule;
