//! Source text, and positions in it.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// A range of bytes in a [`Source`], end exclusive. Both ends are on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` up to, not including, `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty range at `offset`.
    pub const fn at(offset: usize) -> Self {
        Self { start: offset, end: offset }
    }

    /// The number of bytes covered.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the range is empty.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` is inside this range or equal to it.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A value and where it is in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its span.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its span.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A line and a column, both counted from 1. Columns count characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Position", 2)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("column", &self.column)?;
        fields.end()
    }
}

/// A named text with a line index.
#[derive(Clone, Debug)]
pub struct Source<'t> {
    name: &'t str,
    text: &'t str,
    line_starts: Vec<usize>,
}

/// The bytes are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not UTF-8 text: the byte at line {}, column {} (offset {offset}) is not valid", position.line, position.column)]
pub struct NotUtf8 {
    /// Offset of the first invalid byte.
    pub offset: usize,
    /// Position of that byte.
    pub position: Position,
}

impl<'t> Source<'t> {
    /// A source whose `name` appears in reports: a path or `<stdin>`.
    pub fn new(name: &'t str, text: &'t str) -> Self {
        // YAML also breaks lines at a carriage return that is not followed by a line feed
        let bytes = text.as_bytes();
        let is_break = |at: usize| bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        let breaks = (0..bytes.len()).filter(|&at| is_break(at));
        Self { name, text, line_starts: std::iter::once(0).chain(breaks.map(|at| at + 1)).collect() }
    }

    /// Like [`Source::new`], but from bytes that may not be UTF-8.
    ///
    /// # Errors
    /// [`NotUtf8`] with the position of the first invalid byte.
    pub fn from_bytes(name: &'t str, bytes: &'t [u8]) -> Result<Self, NotUtf8> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(name, text)),
            Err(error) => {
                let offset = error.valid_up_to();
                // The part before the invalid byte is valid by definition of `valid_up_to`.
                let valid = std::str::from_utf8(&bytes[..offset]).unwrap_or_default();
                Err(NotUtf8 { offset, position: Source::new(name, valid).position(offset) })
            }
        }
    }

    /// The name that appears in reports.
    pub fn name(&self) -> &'t str {
        self.name
    }

    /// The whole text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The text of a range; empty if the range is outside the text.
    pub fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The line and column of a byte offset. Offsets past the end count as the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts[line - 1];
        let start = if line == 1 { start + self.mark() } else { start };
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Position { line, column }
    }

    /// The range of a line, counted from 1, without its line break. `None` past the last line.
    pub fn line(&self, line: usize) -> Option<Span> {
        let start = *self.line_starts.get(line.checked_sub(1)?)?;
        let start = if line == 1 { start + self.mark() } else { start };
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        Some(Span::new(start, end))
    }

    /// The length of the byte order mark at the start, which is not a column.
    fn mark(&self) -> usize {
        if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
    }

    /// Number of lines; an empty text has one.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }
}

/// Text from outside that a terminal or a page shows as it is written: control characters and those that change the direction of
/// the text after them become spaces, so that it can neither color, move, overwrite nor reorder what is around it. Line breaks stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_active = |c: char| (c.is_control() && c != '\n') || is_direction(c);
    if text.contains(is_active) { text.replace(is_active, " ").into() } else { text.into() }
}

/// Characters that change the direction of the text after them (Unicode, UAX 9).
pub(crate) const fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("f", "a\rb\rc");
        assert_eq!(source.position(4), Position { line: 3, column: 1 });
        assert_eq!(source.line(2).map(|line| source.slice(line)), Some("b"));

        let source = Source::new("f", "a\nßb\r\n");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(4), Position { line: 2, column: 2 });
        assert_eq!(source.position(99), Position { line: 3, column: 1 });
        assert_eq!(source.line(2).map(|line| source.slice(line)), Some("ßb"));
        assert_eq!(source.line(4), None);
    }

    #[test]
    fn a_byte_order_mark_is_not_a_column() {
        let source = Source::new("f", "\u{feff}ab\nc");
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(4), Position { line: 1, column: 2 });
        assert_eq!(source.line(1).map(|line| source.slice(line)), Some("ab"));
        assert_eq!(source.position(6), Position { line: 2, column: 1 });
    }

    #[test]
    fn invalid_utf8_is_reported_with_its_position() {
        let error = Source::from_bytes("f", b"a: b\nc: \xff").unwrap_err();
        assert_eq!(error.to_string(), "not UTF-8 text: the byte at line 2, column 4 (offset 8) is not valid");
    }

    #[test]
    fn text_from_outside_is_shown_as_it_is_written() {
        for (text, shown) in [
            ("plain: ✔ 漢字\nsecond", "plain: ✔ 漢字\nsecond"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", " [2J ]0;x "),
            ("failed\r✔ done\u{8}\u{9b}1m", "failed ✔ done  1m"),
            ("a\u{202e}b\u{2066}", "a b "),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
