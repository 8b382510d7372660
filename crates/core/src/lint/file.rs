//! One file as the rules see it.

use crate::{
    facts::{self, Facts},
    language::{self, Violation},
    lint::{Access, Settings},
    pipeline,
    source::{Source, Span},
    yaml::{self, Kind, Limits, NodeId, Problem, Tree},
};

/// What reading the text gives; the rest of a [`File`] borrows from it.
pub(super) struct Parsed {
    pub(super) tree: Tree,
    problems: Vec<Problem>,
    violations: Vec<Violation>,
}

impl Parsed {
    pub(super) fn new(source: &Source<'_>) -> Self {
        let (tree, problems) = yaml::parse(source.text(), Limits::default());
        let violations = language::check(&tree);
        Self { tree, problems, violations }
    }

    pub(super) fn file<'f>(&'f self, source: &'f Source<'f>, settings: &'f Settings) -> File<'f> {
        let model = pipeline::read(&self.tree);
        File {
            facts: facts::read(source.text(), &self.tree, &model),
            source,
            settings,
            tree: &self.tree,
            problems: &self.problems,
            violations: &self.violations,
            model,
            access: Vec::new(),
        }
    }
}

/// One file with everything that is known about it.
pub struct File<'f> {
    /// Its text.
    pub source: &'f Source<'f>,
    /// What the team declares.
    pub settings: &'f Settings,
    /// Its YAML.
    pub tree: &'f Tree,
    /// What is wrong with the YAML itself.
    pub problems: &'f [Problem],
    /// Where it leaves the language table.
    pub violations: &'f [Violation],
    /// What it says.
    pub model: pipeline::File<'f>,
    /// What its steps do.
    pub facts: Facts,
    /// What the trust policies of the roles say of its steps, by step; empty where no policy is given.
    pub access: Vec<Access>,
}

impl<'f> File<'f> {
    /// The span of a node as written.
    pub fn span(&self, id: NodeId) -> Span {
        self.tree.span(id)
    }

    /// The text of a key or scalar, empty for anything else.
    pub fn text(&self, id: NodeId) -> &'f str {
        self.tree.text(id).unwrap_or_default()
    }

    /// Where to point for a value: the value itself, or its key where the value is empty or reaches over several lines.
    pub fn place(&self, value: NodeId, key: Option<NodeId>) -> Span {
        let span = self.span(value);
        let long = self.source.position(span.start).line != self.source.position(span.end).line;
        match key {
            Some(key) if span.is_empty() || long => self.span(key),
            _ if long => self.first_line(span),
            _ => span,
        }
    }

    /// The part of a range that lies on its first line.
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
