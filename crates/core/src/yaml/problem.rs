//! What is wrong with a text as YAML, before anyone asks what it says.

use crate::{text::Span, yaml::tree::NodeId};

/// Something wrong with the document itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The text is not YAML; the reading ended here.
    Syntax {
        /// Where the parser stood.
        span: Span,
        /// What it met.
        kind: Syntax,
        /// The innermost collection that was open, when one was.
        inside: Option<NodeId>,
    },
    /// A key stands twice in one map.
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
    /// `*name` inside what `&name` names.
    RecursiveAlias {
        /// The alias.
        alias: NodeId,
    },
    /// Following the aliases would visit more nodes than the limit. They are left unfollowed.
    AliasExpansion {
        /// The limit that was passed.
        limit: u64,
        /// The alias that adds most.
        alias: NodeId,
    },
    /// `<<` with something that is no map, or no list of maps.
    MergeWithoutMapping {
        /// The `<<` key.
        key: NodeId,
        /// What it was given.
        value: NodeId,
    },
    /// A second document after `---`; only the first is read.
    SecondDocument {
        /// Where it begins.
        span: Span,
    },
}

/// What the parser met where the text stops being YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A tab where only spaces may indent.
    Tab,
    /// Deeper nesting than the limit, in levels.
    TooDeep(usize),
    /// A quote that is never closed.
    UnclosedQuote,
    /// `[` or `{` that is never closed.
    UnclosedFlow(char),
    /// A line whose indentation fits no open list or map.
    Indentation,
    /// `: ` where no map can begin, as in `a: b: c`.
    MisplacedColon,
    /// A dash where no list can begin.
    MisplacedDash,
    /// A key without its colon.
    MissingColon,
    /// `@`, `` ` `` or `%` at the start of an unquoted value, or a control character.
    ReservedCharacter(char),
    /// `*` or `&` without a usable name after it.
    AliasName,
    /// A `\` in double quotes that begins no known escape.
    Escape,
    /// Anything else, in the parser's own words.
    Other(String),
}
