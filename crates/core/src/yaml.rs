//! Parses a YAML document into a tree with a byte span on every key and scalar, its comments, anchors and aliases.
//!
//! The events come from `granit-parser`. Spans and values come from the same parser, so they cannot disagree. This
//! module adds what the parser does not handle: duplicate keys, `<<` merge keys, unknown and recursive aliases, and a
//! limit on the expansion of aliases. An alias stays an alias in the tree: a small file that expands to billions of
//! nodes is read in linear time and memory, and reported as [`Problem::AliasExpansion`].

mod build;
mod merge;
mod offsets;
mod problem;
mod scalar;
mod tree;

pub use build::{Limits, parse};
pub use merge::Field;
pub use offsets::OffsetMap;
pub use problem::{Problem, Syntax};
pub use scalar::{Meaning, Scalar, Style, has_template};
pub use tree::{Alias, Anchor, Comment, Entry, Kind, Node, NodeId, Tree};
