//! Parser events to tree.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span as ParserSpan, Tag};

use crate::{
    text::Span,
    yaml::{
        problem::{Problem, Syntax},
        scalar::{Meaning, Scalar, Style, Typed},
        tree::{Alias, Anchor, Comment, Entry, Kind, Node, NodeId, Tree},
    },
};

/// Limits on the resources that a document may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting, counted separately for block and flow (`[]`, `{}`) collections.
    pub depth: usize,
    /// Nodes that expanding every alias may add.
    pub expansion: u64,
}

impl Default for Limits {
    /// 100 levels and 1,000,000 nodes: a hundred times what the largest known pipelines use, and still fast to walk.
    fn default() -> Self {
        Self { depth: 100, expansion: 1_000_000 }
    }
}

/// Reads the first document of `text` and its problems. After a syntax error, the tree holds what was read up to it.
pub fn parse(text: &str, limits: Limits) -> (Tree, Vec<Problem>) {
    // A file of comments and long keys is harmless: only nesting and expansion are limited.
    let options = granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        max_buffered_comment_events: usize::MAX,
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
    };
    let mut builder = Builder { text, limits, ..Builder::default() };
    for step in Parser::new_from_str_with_options(text, options) {
        match step {
            Ok((event, place)) => builder.event(event, &place),
            Err(error) => {
                builder.fail(&error);
                break;
            }
        }
    }
    builder.finish()
}

#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    limits: Limits,
    tree: Tree,
    problems: Vec<Problem>,
    /// The collections that are open, outermost first.
    open: Vec<Open>,
    /// The anchor index of each of the parser's anchor ids.
    anchor_ids: HashMap<usize, usize>,
    /// Per node: how many nodes expanding its aliases would visit. Known once the node is closed.
    expanded: Vec<u64>,
    documents: usize,
    last: Option<NodeId>,
}

struct Open {
    id: NodeId,
    /// The key that waits for its value.
    key: Option<NodeId>,
    seen: HashMap<String, NodeId>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, place: &ParserSpan) {
        let span = self.span(place);
        match event {
            Event::Comment(..) => self.tree.comments.push(Comment { span }),
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.problems.push(Problem::SecondDocument { span });
                }
            }
            _ if self.documents > 1 => {}
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                    ScalarStyle::Plain => Style::Plain,
                };
                // The parser reports `~` for a missing value.
                let value = if span.is_empty() && style == Style::Plain { String::new() } else { value.into_owned() };
                let span = self.trimmed(span, style);
                let typed = tag.as_deref().map_or(Typed::ByStyle, typed);
                let tag = tag.and_then(|_| place.tag_span()).map(|tag| self.span(&tag));
                let id = self.add(span, tag, Kind::Scalar(Scalar { value, style, tag: typed }), anchor);
                self.close(id);
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = tag.and_then(|_| place.tag_span()).map(|tag| self.span(&tag));
                self.open(span, tag, Kind::Sequence(Vec::new()), anchor);
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = tag.and_then(|_| place.tag_span()).map(|tag| self.span(&tag));
                self.open(span, tag, Kind::Mapping(Vec::new()), anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Anchor(id, name) => {
                if let Some(&index) = self.anchor_ids.get(&id) {
                    self.tree.anchors[index].name = name.into_owned();
                    self.tree.anchors[index].span = span;
                }
            }
            Event::Alias(anchor) => self.alias(span, Some(anchor)),
            Event::UnresolvedAlias(_) => self.alias(span, None),
            _ => {}
        }
    }

    fn add(&mut self, span: Span, tag: Option<Span>, kind: Kind, anchor: usize) -> NodeId {
        let id = NodeId(u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX));
        let anchor = (anchor != 0).then(|| {
            let index = self.tree.anchors.len();
            self.tree.anchors.push(Anchor { name: String::new(), span, node: id, uses: Vec::new() });
            self.anchor_ids.insert(anchor, index);
            index
        });
        let parent = self.open.last().map(|open| open.id);
        self.tree.nodes.push(Node { span, parent, tag, anchor, incomplete: false, kind });
        self.expanded.push(1);
        if self.tree.root.is_none() {
            self.tree.root = Some(id);
        }
        id
    }

    fn open(&mut self, span: Span, tag: Option<Span>, kind: Kind, anchor: usize) {
        let id = self.add(span, tag, kind, anchor);
        self.open.push(Open { id, key: None, seen: HashMap::new() });
    }

    fn end(&mut self, span: Span) {
        let Some(Open { id, .. }) = self.open.pop() else { return };
        let node = &self.tree.nodes[id.index()];
        let last = match &node.kind {
            Kind::Sequence(items) => items.last().copied(),
            Kind::Mapping(entries) => entries.last().map(|entry| entry.value),
            _ => None,
        };
        let last_end = last.map_or(node.span.end, |last| self.tree.nodes[last.index()].span.end);
        // A flow collection ends at its bracket; a block collection ends where its last value ends.
        let closed = matches!(self.text.as_bytes().get(node.span.start), Some(b'[' | b'{')) && !span.is_empty();
        let end = if closed { span.end } else { last_end };
        self.tree.nodes[id.index()].span.end = end.max(self.tree.nodes[id.index()].span.start);
        self.close(id);
    }

    fn alias(&mut self, span: Span, anchor: Option<usize>) {
        let name = self.text.get(span.start + 1..span.end).unwrap_or_default().to_owned();
        let index = anchor.and_then(|anchor| self.anchor_ids.get(&anchor).copied());
        let target = index.map(|index| self.tree.anchors[index].node);
        let recursive = target.is_some_and(|target| self.open.iter().any(|open| open.id == target));
        let followed = if recursive { None } else { target };
        let id = self.add(span, None, Kind::Alias(Alias { name, target: followed }), 0);
        match (index, recursive) {
            (None, _) => self.problems.push(Problem::UnknownAlias { alias: id }),
            (Some(_), true) => self.problems.push(Problem::RecursiveAlias { alias: id }),
            (Some(_), false) => {}
        }
        if let Some(index) = index {
            self.tree.anchors[index].uses.push(id);
        }
        if let Some(target) = followed {
            self.expanded[id.index()] = self.expanded[target.index()];
        }
        self.close(id);
    }

    /// Adds a finished node to the collection around it.
    fn close(&mut self, id: NodeId) {
        self.last = Some(id);
        let Some(open) = self.open.last_mut() else { return };
        let parent = open.id;
        let size = self.expanded[id.index()];
        self.expanded[parent.index()] = self.expanded[parent.index()].saturating_add(size);
        match &mut self.tree.nodes[parent.index()].kind {
            Kind::Sequence(items) => items.push(id),
            Kind::Mapping(entries) => {
                if let Some(key) = open.key.take() {
                    entries.push(Entry { key, value: id });
                } else {
                    open.key = Some(id);
                    self.check_key(id);
                }
            }
            _ => {}
        }
        self.place_missing_value(parent, id);
    }

    /// An empty value has no text: its span is right after the colon of its key.
    fn place_missing_value(&mut self, parent: NodeId, id: NodeId) {
        if !self.tree.nodes[id.index()].span.is_empty() {
            return;
        }
        if let Kind::Mapping(entries) = &self.tree.nodes[parent.index()].kind
            && let Some(entry) = entries.last().filter(|entry| entry.value == id)
        {
            let key_end = self.tree.nodes[entry.key.index()].span.end;
            // The parser puts it at or after the colon; looking no further keeps `{a, b, …}` linear.
            let until = self.tree.nodes[id.index()].span.start.max(key_end) + 1;
            let between = self.text.get(key_end..until).unwrap_or_default();
            let after = between.find(':').map_or(key_end, |colon| key_end + colon + 1);
            self.tree.nodes[id.index()].span = Span::at(after);
        }
    }

    fn check_key(&mut self, key: NodeId) {
        let Kind::Scalar(scalar) = &self.tree.nodes[key.index()].kind else { return };
        let value = scalar.value.clone();
        if let Some(open) = self.open.last_mut() {
            if let Some(&first) = open.seen.get(&value) {
                self.problems.push(Problem::DuplicateKey { key, first });
            } else {
                open.seen.insert(value, key);
            }
        }
    }

    fn fail(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let inside = self.open.last().map(|open| open.id);
        let kind = syntax(error.kind(), self.limits.depth);
        let end = self.text[at..].chars().next().filter(|c| *c != '\n').map_or(at, |c| at + c.len_utf8());
        self.problems.push(Problem::Syntax { span: Span::new(at, end), kind, inside });
        self.tree.broken_at = Some(at);
        while let Some(Open { id, key, .. }) = self.open.pop() {
            if let Some(key) = key {
                // The key was read, its value was not.
                let value = self.add(Span::at(at), None, empty(), 0);
                self.tree.nodes[value.index()].parent = Some(id);
                self.tree.nodes[value.index()].incomplete = true;
                if let Kind::Mapping(entries) = &mut self.tree.nodes[id.index()].kind {
                    entries.push(Entry { key, value });
                }
            }
            let node = &mut self.tree.nodes[id.index()];
            node.incomplete = true;
            node.span.end = node.span.end.max(at);
            self.close(id);
        }
    }

    fn finish(mut self) -> (Tree, Vec<Problem>) {
        if let Some(root) = self.tree.root {
            let written = self.tree.nodes.len() as u64;
            if self.expanded[root.index()].saturating_sub(written) > self.limits.expansion {
                self.tree.opaque_aliases = true;
                let heaviest = self
                    .tree
                    .ids()
                    .filter(|id| matches!(self.tree.node(*id).kind, Kind::Alias(_)))
                    .max_by_key(|id| (self.expanded[id.index()], std::cmp::Reverse(*id)));
                if let Some(alias) = heaviest {
                    self.problems.push(Problem::AliasExpansion { limit: self.limits.expansion, alias });
                }
            }
        }
        self.check_merges();
        (self.tree, self.problems)
    }

    fn check_merges(&mut self) {
        for id in self.tree.ids() {
            let Kind::Mapping(entries) = &self.tree.node(id).kind else { continue };
            for entry in entries {
                if self.tree.is_merge_key(entry.key) && !self.tree.is_mergeable(entry.value) {
                    self.problems.push(Problem::MergeWithoutMapping { key: entry.key, value: entry.value });
                }
            }
        }
    }

    fn span(&self, place: &ParserSpan) -> Span {
        let end_of_text = self.text.len();
        let start = place.start.byte_offset().unwrap_or(end_of_text).min(end_of_text);
        let end = place.end.byte_offset().unwrap_or(end_of_text).clamp(start, end_of_text);
        Span::new(start, end)
    }

    /// The parser includes blank lines after a block scalar, and spaces after a plain one, in its span.
    fn trimmed(&self, span: Span, style: Style) -> Span {
        if matches!(style, Style::SingleQuoted | Style::DoubleQuoted) {
            return span;
        }
        let text = &self.text[span.start..span.end];
        Span::new(span.start, span.start + text.trim_end().len())
    }
}

/// What a tag says about the type of its scalar (<https://yaml.org/spec/1.2.2/#103-core-schema>).
fn typed(tag: &Tag) -> Typed {
    match tag.core_suffix() {
        Some("bool" | "float" | "int" | "null") => Typed::ByValue,
        Some(_) => Typed::AsText,
        // `!!binary` and the like; a tag such as `!DRAFT` says nothing.
        None if tag.handle().starts_with("tag:yaml.org,") => Typed::AsText,
        None => Typed::ByStyle,
    }
}

fn empty() -> Kind {
    let scalar = Scalar { value: String::new(), style: Style::Plain, tag: Typed::ByStyle };
    debug_assert_eq!(scalar.meaning(), Meaning::Null);
    Kind::Scalar(scalar)
}

/// Translates an error of the parser for someone who writes pipelines.
fn syntax(kind: &ErrorKind, depth: usize) -> Syntax {
    use ErrorKind as E;
    match kind {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar
        | E::InvalidBlockEntryWhitespace
        | E::InvalidMappingValueWhitespace => Syntax::Tab,
        E::RecursionLimitExceeded => Syntax::TooDeep(depth),
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => Syntax::UnclosedQuote,
        E::UnclosedFlowCollection { open } => Syntax::UnclosedFlow(*open),
        E::UnexpectedEofFlowSequence => Syntax::UnclosedFlow('['),
        E::UnexpectedEofFlowMapping | E::UnexpectedEofImplicitFlowMapping => Syntax::UnclosedFlow('{'),
        E::InvalidIndentation
        | E::ExpectedBlockMappingKey
        | E::ExpectedBlockSequenceEntry
        | E::InvalidBlockScalarIndent
        | E::InvalidQuotedScalarIndent
        | E::InvalidFlowScalarIndent => Syntax::Indentation,
        E::MappingValueNotAllowed | E::InvalidColonPlacement => Syntax::MisplacedColon,
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection => Syntax::MisplacedDash,
        E::SimpleKeyExpected | E::InvalidSimpleKey => Syntax::MissingColon,
        E::UnexpectedCharacter { character } => Syntax::ReservedCharacter(*character),
        E::MissingAnchorOrAliasName => Syntax::AliasName,
        E::InvalidTagTerminator | E::MissingTagUri | E::InvalidTagEscape | E::ExpectedTagBang => Syntax::Tag,
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidUnicodeEscape
        | E::InvalidLowSurrogateHexEscape
        | E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate => Syntax::Escape,
        other => Syntax::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fmt::Write as _,
        time::{Duration, Instant},
    };

    use super::{Limits, parse};
    use crate::{
        text::Span,
        yaml::{Kind, NodeId, Problem, Syntax, Tree},
    };

    /// The tree as an outline: kind, value, span, and what an alias or a merge leads to.
    fn outline(text: &str) -> String {
        let (tree, problems) = parse(text, Limits::default());
        let mut out = String::new();
        if let Some(root) = tree.root() {
            describe(&tree, root, 0, &mut out);
        }
        for problem in problems {
            writeln!(out, "! {problem:?}").unwrap();
        }
        out
    }

    fn describe(tree: &Tree, id: NodeId, depth: usize, out: &mut String) {
        let node = tree.node(id);
        let Span { start, end } = node.span;
        let pad = "  ".repeat(depth);
        let anchor = node.anchor.map_or(String::new(), |index| format!(" &{}", tree.anchors()[index].name));
        match &node.kind {
            Kind::Scalar(scalar) => writeln!(out, "{pad}{:?}{anchor} {start}..{end}", scalar.value).unwrap(),
            Kind::Alias(alias) => writeln!(out, "{pad}*{} {start}..{end}", alias.name).unwrap(),
            Kind::Sequence(items) => {
                writeln!(out, "{pad}list{anchor} {start}..{end}").unwrap();
                for item in items {
                    describe(tree, *item, depth + 1, out);
                }
            }
            Kind::Mapping(_) => {
                writeln!(out, "{pad}map{anchor} {start}..{end}").unwrap();
                for field in tree.fields(id) {
                    let merged =
                        field.merged_at.map_or(String::new(), |at| format!(" (merged at {})", tree.span(at).start));
                    writeln!(out, "{pad}  {}{merged}:", tree.text(field.key).unwrap_or("?")).unwrap();
                    describe(tree, field.value, depth + 2, out);
                }
            }
        }
    }

    #[test]
    fn every_key_and_scalar_keeps_its_place() {
        assert_eq!(
            outline("a: &x\n  k: 'v'\n  n:\nb:\n  - *x\n  - <<: *x\n    k: |\n      text\n\nc: [1, {d}]\n"),
            "map 0..73\n  a:\n    map &x 8..19\n      k:\n        \"v\" 11..14\n      n:\n        \"\" 19..19\n  b:\n    list 25..60\n      *x 27..29\n      map 34..60\n        k:\n          \"text\\n\" 56..60\n        n (merged at 38):\n          \"\" 19..19\n  c:\n    list 65..73\n      \"1\" 66..67\n      map 69..72\n        d:\n          \"\" 71..71\n"
        );
    }

    #[test]
    fn hostile_documents_end_in_a_problem_and_soon() {
        let started = Instant::now();
        let bomb: String = std::iter::once("a0: &a0 [x, x]\n".to_owned())
            .chain((1..60).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1)))
            .collect();
        let (tree, problems) = parse(&bomb, Limits::default());
        assert!(matches!(problems[..], [Problem::AliasExpansion { limit: 1_000_000, .. }]), "{problems:?}");
        assert_eq!(tree.ids().filter(|id| tree.resolve(*id) != *id).count(), 0);

        let merges: String = std::iter::once("a0: &a0 {k0: v}\n".to_owned())
            .chain((1..5_000).map(|n| format!("a{n}: &a{n} {{<<: *a{}, k{n}: v}}\n", n - 1)))
            .collect();
        assert!(matches!(parse(&merges, Limits::default()).1[..], [Problem::AliasExpansion { .. }]));

        for open in ["[", "{", "- ", "? ", "{a: [", "a:\n"] {
            let deep = open.repeat(2_000_000 / open.len());
            let (_, problems) = parse(&deep, Limits::default());
            let last = problems.last();
            assert!(matches!(last, Some(Problem::Syntax { .. } | Problem::DuplicateKey { .. })), "{open}: {last:?}");
        }
        let keys = format!("{{{}}}", "a, ".repeat(200_000));
        assert_eq!(parse(&keys, Limits::default()).1.len(), 199_999);
        assert!(started.elapsed() < Duration::from_mins(2), "took {:?}", started.elapsed());
    }

    #[test]
    fn what_was_read_before_an_error_is_kept() {
        let (tree, problems) = parse("a: 1\nb:\n  - c: d: e\n", Limits::default());
        assert!(matches!(problems[..], [Problem::Syntax { kind: Syntax::MisplacedColon, .. }]), "{problems:?}");
        let root = tree.root().unwrap();
        assert!(tree.is_broken() && tree.node(root).incomplete);
        assert_eq!(tree.field(root, "a").and_then(|field| tree.text(field.value)), Some("1"));
    }

    #[test]
    fn recursion_and_unknown_names_are_told_apart() {
        let (_, problems) = parse("a: &a [*a, *b]\n<<: x\n", Limits::default());
        assert!(
            matches!(
                problems[..],
                [Problem::RecursiveAlias { .. }, Problem::UnknownAlias { .. }, Problem::MergeWithoutMapping { .. }]
            ),
            "{problems:?}"
        );
    }
}
