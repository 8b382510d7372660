//! The tree: an arena of nodes in document order.

use crate::{
    text::Span,
    yaml::scalar::{Meaning, Scalar},
};

/// The index of a node in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One document.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<NodeId>,
    pub(super) comments: Vec<Comment>,
    pub(super) anchors: Vec<Anchor>,
    /// Where a syntax error stopped the parser. The nodes open at that point are marked incomplete.
    pub(super) broken_at: Option<usize>,
    /// Whether aliases stay unresolved, because expanding them could take too long.
    pub(super) opaque_aliases: bool,
}

/// A key, a value, or an item.
#[derive(Clone, Debug)]
pub struct Node {
    /// The span of the node, without its anchor and tag. A block collection spans from its first key or dash to the
    /// end of its last value; an empty value is an empty span after its key.
    pub span: Span,
    /// The collection that contains it; `None` for the root.
    pub parent: Option<NodeId>,
    /// An explicit tag such as `!!str`, as written.
    pub tag: Option<Span>,
    /// Its anchor, if it has one.
    pub anchor: Option<usize>,
    /// Whether a syntax error cut this collection short: what seems to be missing may be in the rest of the file.
    pub incomplete: bool,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A string, a number, a boolean, or null.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<NodeId>),
    /// A mapping: keys and values in document order, including duplicates and `<<`.
    Mapping(Vec<Entry>),
    /// `*name`.
    Alias(Alias),
}

impl Kind {
    /// The word for it that a pipeline's author would use.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Scalar(scalar) => scalar.meaning().noun(),
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
            Self::Alias(_) => "an alias",
        }
    }
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The key; nearly always a scalar.
    pub key: NodeId,
    /// The value; an empty scalar where none is written.
    pub value: NodeId,
}

/// `*name`.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The name without the star.
    pub name: String,
    /// The anchored node; `None` if the name is unknown or the alias is inside its own anchor.
    pub target: Option<NodeId>,
}

/// `&name`.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The name without the ampersand.
    pub name: String,
    /// The `&name` token.
    pub span: Span,
    /// The anchored node.
    pub node: NodeId,
    /// The aliases that use it, in document order.
    pub uses: Vec<NodeId>,
}

/// `# …`
#[derive(Clone, Debug)]
pub struct Comment {
    /// The whole comment with its `#`, without the line break.
    pub span: Span,
}

impl Tree {
    /// The top node; `None` in an empty document.
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// All ids, in document order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    /// All comments, in order.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// All anchors, in order.
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// Whether a syntax error stopped the parser: what seems to be missing may be in the unread rest of the file.
    pub fn is_broken(&self) -> bool {
        self.broken_at.is_some()
    }

    /// The node that `id` resolves to: the anchored node for an alias, otherwise the node itself.
    ///
    /// An alias that is unknown, or that is not expanded because of the limit, resolves to itself.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match &self.node(id).kind {
            Kind::Alias(Alias { target: Some(target), .. }) if !self.opaque_aliases => *target,
            _ => id,
        }
    }

    /// The kind of the node that `id` resolves to.
    pub fn kind(&self, id: NodeId) -> &Kind {
        &self.node(self.resolve(id)).kind
    }

    /// The scalar that `id` resolves to.
    pub fn scalar(&self, id: NodeId) -> Option<&Scalar> {
        match self.kind(id) {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The scalar that `id` resolves to as a string, whatever its type; `None` for a collection or null.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        self.scalar(id).filter(|scalar| scalar.meaning() != Meaning::Null).map(|scalar| scalar.value.as_str())
    }

    /// The items of the list that `id` resolves to; empty for anything else.
    pub fn items(&self, id: NodeId) -> &[NodeId] {
        match self.kind(id) {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Whether `id` resolves to null: an empty value, `null` or `~`.
    pub fn is_null(&self, id: NodeId) -> bool {
        self.scalar(id).is_some_and(|scalar| scalar.meaning() == Meaning::Null)
    }

    /// The span of the node as written: `*name` for an alias.
    pub fn span(&self, id: NodeId) -> Span {
        self.node(id).span
    }

    /// The first anchor on a node or below it.
    pub fn first_anchor_in(&self, id: NodeId) -> Option<&Anchor> {
        // Nodes and anchors are numbered in document order, so descendants follow their ancestor.
        let index = self.anchors.partition_point(|anchor| anchor.node < id);
        self.anchors.get(index).filter(|anchor| self.node(id).span.contains(self.node(anchor.node).span))
    }

    /// The nearest anchor around a range, innermost first, that aliases use.
    pub fn anchor_around(&self, span: Span) -> Option<&Anchor> {
        self.nodes_around(span).find_map(|id| {
            let anchor = self.node(id).anchor.and_then(|index| self.anchors.get(index));
            anchor.filter(|anchor| !anchor.uses.is_empty())
        })
    }

    /// The nodes that contain a range, innermost first.
    pub fn nodes_around(&self, span: Span) -> impl Iterator<Item = NodeId> {
        let innermost = self.node_at(span.start);
        let parents = std::iter::successors(innermost, |id| self.node(*id).parent);
        parents.filter(move |id| self.node(*id).span.contains(span))
    }

    /// The nodes that start at an offset or after it, in document order.
    pub fn from_offset(&self, offset: usize) -> impl Iterator<Item = NodeId> + use<> {
        let first = self.nodes.partition_point(|node| node.span.start < offset);
        self.ids().skip(first)
    }

    /// The last node that starts at or before an offset: nodes are numbered in document order.
    fn node_at(&self, offset: usize) -> Option<NodeId> {
        let index = self.nodes.partition_point(|node| node.span.start <= offset).checked_sub(1)?;
        u32::try_from(index).ok().map(NodeId)
    }
}
