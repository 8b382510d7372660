//! Positions of the protocol, which count lines and parts of a line, as byte offsets of the text, and back.

use gen_lsp_types::{Position, PositionEncodingKind, Range};
use keyless_core::text::{Source, Span};

/// What the columns of positions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// 16-bit units, which every editor knows.
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// The one to use with an editor that offers some; the first of them that needs no conversion.
    pub(crate) fn choose(offered: &[PositionEncodingKind]) -> Self {
        let known = [(PositionEncodingKind::UTF8, Self::Utf8), (PositionEncodingKind::UTF32, Self::Utf32)];
        known.into_iter().find(|(kind, _)| offered.contains(kind)).map_or(Self::Utf16, |(_, encoding)| encoding)
    }

    /// Its name in the protocol.
    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn units(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// The lines of a text, in an editor's terms. A byte order mark is a part of the first line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines<'s> {
    source: &'s Source<'s>,
    encoding: Encoding,
}

impl<'s> Lines<'s> {
    /// The lines of a source.
    pub(crate) const fn new(source: &'s Source<'s>, encoding: Encoding) -> Self {
        Self { source, encoding }
    }

    /// The position of a byte offset; past the end of the text it is the end.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.source.text().len());
        let line = self.source.position(offset).line;
        let before = self.source.slice(Span::new(self.start(line), offset));
        let units: usize = before.chars().map(|letter| self.encoding.units(letter)).sum();
        Position::new(number(line - 1), number(units))
    }

    /// The range of a span.
    pub(crate) fn range(&self, span: Span) -> Range {
        Range::new(self.position(span.start), self.position(span.end))
    }

    /// The byte offset of a position. A column past the end of its line is that end, and one inside a character its start, as the
    /// protocol says.
    pub(crate) fn offset(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX).saturating_add(1);
        let Some(span) = self.source.line(line) else { return self.source.text().len() };
        let start = self.start(line);
        let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
        for (at, letter) in self.source.slice(Span::new(start, span.end)).char_indices() {
            let units = self.encoding.units(letter);
            if left < units {
                return start + at;
            }
            left -= units;
        }
        span.end
    }

    /// The span of a range; the empty span at its start if it ends before it starts.
    pub(crate) fn span(&self, range: Range) -> Span {
        let start = self.offset(range.start);
        Span::new(start, self.offset(range.end).max(start))
    }

    fn start(&self, line: usize) -> usize {
        if line == 1 { 0 } else { self.source.line(line).map_or(0, |span| span.start) }
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_positions_lead_to_each_other() {
        let text = "\u{feff}a: ä\r\nb\t🚀c\r\n\nd";
        let source = Source::new("f", text);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let lines = Lines::new(&source, encoding);
            let inside = |offset: &usize| !text[..*offset].ends_with('\r');
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]).filter(|(offset, _)| inside(offset)) {
                assert_eq!(lines.offset(lines.position(offset)), offset, "{encoding:?} {offset}");
            }
        }
    }

    #[test]
    fn columns_count_what_was_agreed_on() {
        let source = Source::new("f", "x\nä🚀c");
        let after = source.text().len() - 1;
        for (encoding, column) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            assert_eq!(Lines::new(&source, encoding).position(after), Position::new(1, column), "{encoding:?}");
        }
        let lines = Lines::new(&source, Encoding::Utf16);
        // in the middle of a surrogate pair, past the line, past the text
        assert_eq!(lines.offset(Position::new(1, 2)), 4, "the start of the rocket");
        assert_eq!(lines.offset(Position::new(0, 99)), 1);
        assert_eq!(lines.offset(Position::new(9, 0)), source.text().len());
        assert_eq!(lines.span(Range::new(Position::new(1, 1), Position::new(0, 0))), Span::at(4));
    }

    #[test]
    fn utf_16_is_used_unless_the_editor_offers_more() {
        assert_eq!(Encoding::choose(&[]), Encoding::Utf16);
        assert_eq!(Encoding::choose(&[PositionEncodingKind::UTF16, PositionEncodingKind::UTF8]), Encoding::Utf8);
        assert_eq!(Encoding::choose(&[PositionEncodingKind::UTF32]), Encoding::Utf32);
    }
}
