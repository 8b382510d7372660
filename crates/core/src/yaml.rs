//! Bytes to tree: a YAML document with a byte span on every key and scalar, its comments, anchors and aliases.
//!
//! The events come from `granit-parser`; one parser reads the linted file, so that a span and a value can never disagree.
//! What the parser leaves to its user is done here: duplicate keys, `<<` merge keys, unknown and recursive aliases, and a
//! limit on what aliases may expand to. An alias stays an alias in the tree: a small file that expands to billions of
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
pub use scalar::{Meaning, Scalar, Style};
pub use tree::{Alias, Anchor, Comment, Entry, Kind, Node, NodeId, Tree};
