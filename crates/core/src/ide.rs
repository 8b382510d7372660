//! Editor features: hover, completion, go to definition and the outline. Used by the page; independent of any editor.

pub mod completion;
pub mod definition;
pub mod hover;
pub mod imports;
pub mod layout;
pub mod merged;
pub mod names;
pub mod outline;
mod pipes;
mod place;
pub mod snippets;
pub mod suppress;
