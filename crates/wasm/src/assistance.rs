//! What the page may ask about a place in the file under its editor, answered as JSON text.

use crate::json_text::written;

/// What is known of the key or variable at a byte offset: its range, a title, lines of prose; `null` where nothing is.
pub fn hover(text: &str, offset: usize) -> String {
    written(&keyless_core::ide::hover::at(text, offset))
}

/// What may replace the word at a byte offset: the word's range and the options; `null` where nothing can be said.
pub fn completion(text: &str, offset: usize) -> String {
    written(&keyless_core::ide::completion::at(text, offset))
}

/// The ranges that belong to the place at a byte offset: an alias's anchor, or the uses of an anchor.
pub fn definition(text: &str, offset: usize) -> String {
    written(&keyless_core::ide::definition::at(text, offset))
}
