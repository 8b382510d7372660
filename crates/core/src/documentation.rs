//! Texts that only the editor features show: the documentation of keys, values and variables.

/// A text about an entry of a table. It is empty in the first module of the page, whose size has a budget.
pub(crate) const fn of(text: &'static str) -> &'static str {
    if cfg!(feature = "complete") { text } else { "" }
}
