//! The tree itself: an arena of nodes in the order of the text.

use crate::{
    text::Span,
    yaml::scalar::{Meaning, Scalar},
};

/// A node's place in its [`Tree`].
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
    /// Where a syntax error ended the reading. The nodes open at that point are marked incomplete.
    pub(super) broken_at: Option<usize>,
    /// Aliases are left unfollowed when following them could take too long.
    pub(super) opaque_aliases: bool,
}

/// A key, a value, or an item.
#[derive(Clone, Debug)]
pub struct Node {
    /// The text of the node, without its anchor and tag. A block collection reaches from its first key or dash to the
    /// end of its last value; an empty value is an empty span after its key.
    pub span: Span,
    /// The collection or mapping that holds it; `None` for the root.
    pub parent: Option<NodeId>,
    /// An explicit tag such as `!!str`, as written.
    pub tag: Option<Span>,
    /// Its anchor, when it has one.
    pub anchor: Option<usize>,
    /// A syntax error ended the reading before this collection did: what is missing in it may stand in the rest.
    pub incomplete: bool,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Text, a number, a boolean, or nothing.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys and values, in the order of the text, duplicates and `<<` included.
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
    /// The anchored node; `None` where the name is unknown or the alias stands inside its own anchor.
    pub target: Option<NodeId>,
}

/// `&name`.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The name without the ampersand.
    pub name: String,
    /// The `&name` token.
    pub span: Span,
    /// The node it names.
    pub node: NodeId,
    /// The aliases that use it, in the order of the text.
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

    /// A node by its place.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// All places, in the order in which the text opens them.
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

    /// Whether a syntax error ended the reading: what seems missing from the file may stand in the unread rest.
    pub fn is_broken(&self) -> bool {
        self.broken_at.is_some()
    }

    /// The node that `id` stands for: the anchored one for an alias, itself otherwise.
    ///
    /// An alias whose target is unknown, or which may not be followed, stands for itself.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match &self.node(id).kind {
            Kind::Alias(Alias { target: Some(target), .. }) if !self.opaque_aliases => *target,
            _ => id,
        }
    }

    /// The kind of what `id` stands for.
    pub fn kind(&self, id: NodeId) -> &Kind {
        &self.node(self.resolve(id)).kind
    }

    /// The scalar that `id` stands for.
    pub fn scalar(&self, id: NodeId) -> Option<&Scalar> {
        match self.kind(id) {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of the scalar that `id` stands for, whatever type YAML gives it; `None` for a collection or nothing.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        self.scalar(id).filter(|scalar| scalar.meaning() != Meaning::Null).map(|scalar| scalar.value.as_str())
    }

    /// The items of the list that `id` stands for; none for anything else.
    pub fn items(&self, id: NodeId) -> &[NodeId] {
        match self.kind(id) {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Whether `id` stands for nothing: an empty value, `null` or `~`.
    pub fn is_null(&self, id: NodeId) -> bool {
        self.scalar(id).is_some_and(|scalar| scalar.meaning() == Meaning::Null)
    }

    /// The span of the node as written: the `*name` of an alias, the node itself otherwise.
    pub fn span(&self, id: NodeId) -> Span {
        self.node(id).span
    }

    /// The first anchor on a node or below it.
    pub fn first_anchor_in(&self, id: NodeId) -> Option<&Anchor> {
        // Nodes and anchors are numbered in the order of the text, so what lies below a node follows it.
        let index = self.anchors.partition_point(|anchor| anchor.node < id);
        self.anchors.get(index).filter(|anchor| self.node(id).span.contains(self.node(anchor.node).span))
    }

    /// The nearest anchor around a range, innermost first, that aliases use.
    pub fn anchor_around(&self, span: Span) -> Option<&Anchor> {
        let mut around = self.node_at(span.start);
        while let Some(id) = around {
            let node = self.node(id);
            let anchor = node.anchor.and_then(|index| self.anchors.get(index));
            if let Some(anchor) = anchor.filter(|anchor| !anchor.uses.is_empty() && node.span.contains(span)) {
                return Some(anchor);
            }
            around = node.parent;
        }
        None
    }

    /// The last node that begins at or before an offset: nodes are numbered in the order in which the text opens them.
    fn node_at(&self, offset: usize) -> Option<NodeId> {
        let index = self.nodes.partition_point(|node| node.span.start <= offset).checked_sub(1)?;
        u32::try_from(index).ok().map(NodeId)
    }
}
