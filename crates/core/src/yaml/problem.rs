//! Problems of a document as YAML, independent of what a pipeline file may contain.

use crate::{text::Span, yaml::tree::NodeId};

/// A problem of the document itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The document is not valid YAML; the parser stopped here.
    Syntax {
        /// Where the parser stopped.
        span: Span,
        /// What the parser found there.
        kind: Syntax,
        /// The innermost collection that was still open, if any.
        inside: Option<NodeId>,
    },
    /// A key appears twice in one mapping.
    DuplicateKey {
        /// The later key.
        key: NodeId,
        /// The earlier one.
        first: NodeId,
    },
    /// `*name` without `&name` before it.
    UnknownAlias {
        /// The alias.
        alias: NodeId,
    },
    /// `*name` inside the value that `&name` anchors.
    RecursiveAlias {
        /// The alias.
        alias: NodeId,
    },
    /// Expanding the aliases would visit more nodes than the limit. They are not expanded.
    AliasExpansion {
        /// The limit, in nodes.
        limit: u64,
        /// The alias that adds the most nodes.
        alias: NodeId,
    },
    /// `<<` with a value that is neither a mapping nor a list of mappings.
    MergeWithoutMapping {
        /// The `<<` key.
        key: NodeId,
        /// Its value.
        value: NodeId,
    },
    /// A second document after `---`; only the first is read.
    SecondDocument {
        /// Where the second document starts.
        span: Span,
    },
}

/// What the parser found where the document stops being valid YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A tab in indentation.
    Tab,
    /// Nesting deeper than this many levels.
    TooDeep(usize),
    /// An unclosed quote.
    UnclosedQuote,
    /// An unclosed `[` or `{`.
    UnclosedFlow(char),
    /// A line whose indentation matches no open list or mapping.
    Indentation,
    /// `: ` where a mapping cannot start, as in `a: b: c`.
    MisplacedColon,
    /// A dash where a list cannot start.
    MisplacedDash,
    /// A key without a colon.
    MissingColon,
    /// `@`, `` ` `` or `%` at the start of an unquoted value, or a control character.
    ReservedCharacter(char),
    /// `*` or `&` without a valid name.
    AliasName,
    /// A tag that ends in something else than a space: `!glob(…)`.
    Tag,
    /// An unknown escape sequence in double quotes.
    Escape,
    /// Anything else, in the parser's own words.
    Other(String),
}
