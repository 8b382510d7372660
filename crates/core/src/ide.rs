//! Editor features: hover, completion, go to definition and the outline. Used by the page; independent of any editor.

pub mod completion;
pub mod definition;
pub mod hover;
pub mod layout;
pub mod names;
pub mod outline;
mod pipes;
mod place;
pub mod suppress;
