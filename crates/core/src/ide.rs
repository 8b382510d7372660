//! What an editor asks about a place in a file: hover, completion, definitions and the outline. The page uses it, and so can
//! any other editor.

pub mod completion;
pub mod definition;
pub mod hover;
pub mod outline;
mod place;
