//! Rules over pipelines and over trust policies: what they have in common.

pub mod pipeline;
pub(crate) mod precedence;
pub mod trust;

use crate::{
    diagnostic::{Diagnostic, RuleId, Severity},
    settings::{Level, Settings},
    text::Span,
};

/// A rule. `C` is the type of its check; `()` where only the description is needed.
#[derive(Clone, Copy)]
pub struct Rule<C> {
    /// A kebab-case noun for the problem, which reads well in "allow `id`".
    pub id: RuleId,
    /// Default severity of its findings.
    pub severity: Severity,
    /// Documentation in Markdown, each line with the leading space of a doc comment; empty without the feature
    /// `documentation`.
    pub doc: &'static str,
    /// Rules that say more about the same cause: a finding that one of theirs covers is dropped.
    pub explained_by: &'static [RuleId],
    /// Reports the problem.
    pub check: C,
}

/// What a rule is about. Each rule belongs to one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The file as YAML.
    Syntax,
    /// Keys, values and their order.
    Structure,
    /// Names that something else in the file defines.
    References,
    /// How steps get access to AWS: tokens, roles, variables, stored keys.
    Credentials,
    /// Tokens, keys and passwords that others can read.
    Secrets,
    /// What the commands of a script do.
    Scripts,
    /// What changes an environment, and who can start it.
    Deployments,
    /// Pipes and their variables.
    Pipes,
    /// Images, services, runners and the Docker daemon.
    Runtime,
    /// Trust policies of roles.
    Policies,
}

impl Group {
    /// All groups, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Syntax,
        Self::Structure,
        Self::References,
        Self::Credentials,
        Self::Secrets,
        Self::Scripts,
        Self::Deployments,
        Self::Pipes,
        Self::Runtime,
        Self::Policies,
    ];

    /// The name used in reports, in settings and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Structure => "structure",
            Self::References => "references",
            Self::Credentials => "credentials",
            Self::Secrets => "secrets",
            Self::Scripts => "scripts",
            Self::Deployments => "deployments",
            Self::Pipes => "pipes",
            Self::Runtime => "runtime",
            Self::Policies => "policies",
        }
    }
}

/// Gives findings the severity that the settings say, and drops those of rules that are turned off.
pub(crate) fn take_levels(
    settings: &Settings,
    group: impl Fn(RuleId) -> Option<Group>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if settings.rules.is_empty() && settings.selected.is_none() {
        return;
    }
    let level = |rule: RuleId| settings.level(rule.as_str(), group(rule).map_or("", Group::name));
    diagnostics.retain_mut(|diagnostic| match level(diagnostic.rule).map(Level::severity) {
        None => true,
        Some(None) => false,
        Some(Some(severity)) => {
            diagnostic.severity = severity;
            true
        }
    });
}

/// An example in a rule's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Whether the rule finds something in it.
    pub wrong: bool,
    /// Name of the file; by default `bitbucket-pipelines.yml` or `trust-policy.json`.
    pub file_name: String,
    /// The pipeline file or the policy.
    pub text: String,
    /// Trust policy of the role that the pipeline's steps assume.
    pub policy: Option<String>,
    /// What `keyless.yaml` says.
    pub settings: Option<String>,
}

impl<C> Rule<C> {
    /// The rule without its check, so that rules of both kinds can be listed together.
    pub const fn described(&self) -> Rule<()> {
        Rule { id: self.id, severity: self.severity, doc: self.doc, explained_by: self.explained_by, check: () }
    }

    /// The documentation as Markdown.
    pub fn documentation(&self) -> String {
        let lines = self.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    /// The first paragraph of the documentation: one sentence that says what the rule finds.
    pub fn summary(&self) -> String {
        self.documentation().split("\n\n").next().unwrap_or_default().replace('\n', " ")
    }

    /// The examples: code blocks that start with `yaml wrong` or `json right`, optionally followed by a file name. A
    /// `json policy` block is the trust policy for the examples after it, and a `yaml settings` block their settings.
    pub fn examples(&self) -> Vec<Example> {
        let mut examples: Vec<Example> = Vec::new();
        let (mut policy, mut settings) = (None, None);
        let mut open: Option<Example> = None;
        for line in self.documentation().lines() {
            match (&mut open, line) {
                (None, line) => {
                    open = fence(line).map(|example| Example {
                        policy: policy.clone(),
                        settings: settings.clone(),
                        ..example
                    });
                }
                (Some(_), "```") => match open.take() {
                    Some(example) if example.file_name == POLICY => policy = Some(example.text),
                    Some(example) if example.file_name == SETTINGS => settings = Some(example.text),
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

/// Marks the code block of a trust policy, which is not an example.
const POLICY: &str = "policy";

/// Marks the code block of a `keyless.yaml`, which is not an example either.
const SETTINGS: &str = "settings";

/// The example that starts with this line of a code fence.
fn fence(line: &str) -> Option<Example> {
    let (default_name, rest) = line
        .strip_prefix("```yaml ")
        .map(|rest| ("bitbucket-pipelines.yml", rest))
        .or_else(|| line.strip_prefix("```json ").map(|rest| ("trust-policy.json", rest)))?;
    let mut words = rest.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let name = if matches!(kind, POLICY | SETTINGS) { kind } else { words.next().unwrap_or(default_name) };
    let (wrong, file_name) = (kind == "wrong", name.to_owned());
    Some(Example { wrong, file_name, text: String::new(), policy: None, settings: None })
}

/// Collects the findings of a rule.
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

    /// Adds the findings of this rule that were made while the file was parsed.
    pub(crate) fn take_over(&mut self, problems: &[Diagnostic]) {
        self.diagnostics.extend(problems.iter().filter(|problem| problem.rule == self.id).cloned());
    }
}

/// Declares a rule in a module whose parent defines the type `Rule`. Its doc comment is the documentation for users.
///
/// ```text
/// rule! {
///     /// What the rule finds, in one sentence.
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
///     ///
///     /// Options and limits, then sources.
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
