//! A pipeline file read once, with everything derived from it. The linter, the requirements, the outline and
//! the editor features share it.

pub mod access;
pub(crate) mod caches;
pub mod expressions;
pub(crate) mod flow;
pub mod foreign;
#[cfg(feature = "complete")]
pub(crate) mod passed_keys;
pub mod programs;
pub mod steps;

use crate::{
    facts::{self, Facts},
    language::{self, Violation},
    pipeline,
    settings::Settings,
    suppression::{self, Suppressions},
    text::{Source, Span},
    yaml::{self, Kind, Limits, NodeId, Problem, Syntax, Tree},
};
use access::{Access, Roles};
use steps::TokenAccess;

/// The syntax of a file, which an [`Analysis`] borrows.
pub struct ParsedFile<'s> {
    source: &'s Source<'s>,
    tree: Tree,
    problems: Vec<Problem>,
    violations: Vec<Violation>,
}

impl<'s> ParsedFile<'s> {
    /// Parses the file as YAML and checks it against the language table.
    pub fn new(source: &'s Source<'s>) -> Self {
        let (tree, problems) = yaml::parse(source.text(), Limits::default());
        let violations = language::check(&tree);
        Self { source, tree, problems, violations }
    }

    /// Its YAML.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }
}

/// A file with everything derived from it and the settings.
pub struct Analysis<'f> {
    /// Its text.
    pub source: &'f Source<'f>,
    /// The settings in `keyless.yaml`.
    pub settings: &'f Settings,
    /// Its YAML.
    pub tree: &'f Tree,
    /// Syntax errors of the YAML.
    pub problems: &'f [Problem],
    /// Where it violates the language table.
    pub violations: &'f [Violation],
    /// The typed model: pipelines, steps, definitions.
    pub model: pipeline::File<'f>,
    /// What its steps do.
    pub facts: Facts,
    /// The comments that turn findings off.
    pub suppressions: Suppressions<'f>,
    /// The access that the roles' trust policies give each step; empty without policies.
    pub access: Vec<Access>,
    /// The token that each step gets.
    tokens: Vec<TokenAccess>,
}

impl<'f> Analysis<'f> {
    /// Analyzes a file without trust policies.
    pub fn new(parsed: &'f ParsedFile<'f>, settings: &'f Settings) -> Self {
        let model = pipeline::read(&parsed.tree);
        let mut analysis = Self {
            facts: facts::read(parsed.source.text(), &parsed.tree, &model),
            suppressions: suppression::read(parsed.source, &parsed.tree),
            source: parsed.source,
            settings,
            tree: &parsed.tree,
            problems: &parsed.problems,
            violations: &parsed.violations,
            model,
            access: Vec::new(),
            tokens: Vec::new(),
        };
        analysis.tokens = analysis.model.steps.iter().map(|step| analysis.read_token(step)).collect();
        analysis
    }

    /// Analyzes a file, and checks each step against the trust policy of the role that it assumes.
    pub fn with_roles(parsed: &'f ParsedFile<'f>, settings: &'f Settings, roles: &Roles) -> Self {
        let mut analysis = Self::new(parsed, settings);
        analysis.access = access::read(&analysis, roles);
        analysis
    }

    /// The span of a node as written.
    pub fn span(&self, id: NodeId) -> Span {
        self.tree.span(id)
    }

    /// The text of a key or scalar, empty for anything else.
    pub fn text(&self, id: NodeId) -> &'f str {
        self.tree.text(id).unwrap_or_default()
    }

    /// The span to report for a value: the value itself, or its key if the value is empty or spans several lines.
    pub fn place(&self, value: NodeId, key: Option<NodeId>) -> Span {
        let span = self.span(value);
        let long = self.source.position(span.start).line != self.source.position(span.end).line;
        match key {
            Some(key) if span.is_empty() || long => self.span(key),
            _ if long => self.first_line(span),
            _ => span,
        }
    }

    /// Where to point for a syntax error at `span`: a tab itself, or the last character where the text ended too soon.
    pub fn syntax_span(&self, span: Span, kind: &Syntax) -> Span {
        let text = self.source.text();
        match kind {
            Syntax::Tab => {
                let line = self.source.line(self.source.position(span.start).line).unwrap_or(span);
                let tab = self.source.slice(line).find('\t').map(|at| line.start + at);
                tab.map_or(span, |at| Span::new(at, at + 1))
            }
            _ if span.start >= text.len() => {
                let end = text.trim_end().len();
                Span::new(text[..end].char_indices().next_back().map_or(0, |(at, _)| at), end)
            }
            _ => span,
        }
    }

    /// The part of a span on its first line.
    pub fn first_line(&self, span: Span) -> Span {
        let line = self.source.slice(span).split(['\n', '\r']).next().map_or(0, str::len);
        Span::new(span.start, span.start + line)
    }

    /// The keys on the way from the top of the file to a node, as `pipelines.default`; empty at the top.
    pub fn path(&self, id: NodeId) -> String {
        let mut parts = Vec::new();
        let mut child = id;
        while let Some(parent) = self.tree.node(child).parent {
            match &self.tree.node(parent).kind {
                Kind::Mapping(entries) => {
                    if let Some(entry) = entries.iter().find(|entry| entry.value == child || entry.key == child) {
                        parts.push(self.text(entry.key).to_owned());
                    }
                }
                Kind::Sequence(items) => {
                    if let Some(index) = items.iter().position(|item| *item == child) {
                        parts.push((index + 1).to_string());
                    }
                }
                Kind::Scalar(_) | Kind::Alias(_) => {}
            }
            child = parent;
        }
        parts.reverse();
        parts.join(".")
    }
}
