//! Maps positions in a scalar's value to positions in the file.

use crate::{
    text::Span,
    yaml::{
        scalar::Style,
        tree::{Kind, NodeId, Tree},
    },
};

/// The position in the file of each part of a scalar's value.
///
/// Quotes, escapes, folding and the indentation of blocks make the two differ. Characters other than white space occur
/// in both in the same order, so they are matched one by one; a run of white space maps to the run it was written as.
#[derive(Clone, Debug)]
pub struct OffsetMap {
    /// Offset in the value, offset in the file; from there both advance together up to the next pair.
    steps: Vec<(usize, usize)>,
    value_length: usize,
    end: usize,
}

impl OffsetMap {
    /// The offsets of the scalar that `id` resolves to; `None` for any other node.
    pub fn new(text: &str, tree: &Tree, id: NodeId) -> Option<Self> {
        let node = tree.node(tree.resolve(id));
        let Kind::Scalar(scalar) = &node.kind else { return None };
        let (start, end) = match scalar.style {
            Style::SingleQuoted | Style::DoubleQuoted if node.span.len() >= 2 => {
                (node.span.start + 1, node.span.end - 1)
            }
            _ => (node.span.start, node.span.end),
        };
        let written = text.get(start..end)?;
        let steps = align(&scalar.value, written, scalar.style)
            .into_iter()
            .map(|(value, source)| (value, start + source))
            .collect();
        Some(Self { steps, value_length: scalar.value.len(), end })
    }

    /// The offset in the file of a byte offset in the value.
    pub fn offset(&self, value_offset: usize) -> usize {
        if value_offset >= self.value_length {
            return self.end;
        }
        let index = self.steps.partition_point(|(value, _)| *value <= value_offset);
        match index.checked_sub(1).map(|index| self.steps[index]) {
            Some((value, source)) => (source + value_offset - value).min(self.end),
            None => self.end,
        }
    }

    /// The byte offset in the value of an offset in the file.
    pub fn value_offset(&self, offset: usize) -> usize {
        let index = self.steps.partition_point(|(_, source)| *source <= offset);
        let Some((value, source)) = index.checked_sub(1).map(|index| self.steps[index]) else { return 0 };
        let next = self.steps.get(index).map_or(self.value_length, |(value, _)| *value);
        (value + offset - source).min(next)
    }

    /// The span in the file of a range of the value.
    pub fn span(&self, value: Span) -> Span {
        let start = self.offset(value.start);
        // The end follows the last character, not the white space or escape that may precede the next one.
        let end = if value.is_empty() { start } else { self.offset(value.end - 1) + 1 };
        Span::new(start, end.max(start))
    }
}

/// Pairs of offsets (in the value, in what was written), one where the distance between the two changes.
fn align(value: &str, written: &str, style: Style) -> Vec<(usize, usize)> {
    // Most scalars are written as they are.
    if value == written {
        return if value.is_empty() { Vec::new() } else { vec![(0, 0)] };
    }
    let mut steps: Vec<(usize, usize)> = Vec::new();
    let mut note = |value: usize, source: usize| {
        if steps.last().is_none_or(|(v, s)| value.wrapping_sub(*v) != source.wrapping_sub(*s)) {
            steps.push((value, source));
        }
    };
    let (mut at, mut from) = (0, 0);
    while let Some(letter) = value[at..].chars().next() {
        let rest = &written[from..];
        if letter.is_whitespace() {
            let run = value[at..].chars().take_while(|c| c.is_whitespace()).map(char::len_utf8).sum::<usize>();
            let skipped = blank_run(rest, style);
            if value[at..at + run] == rest[..skipped] {
                note(at, from);
            } else {
                // Each character of a rewritten run points at the start of what was written.
                for (index, _) in value[at..at + run].char_indices() {
                    note(at + index, from);
                }
            }
            at += run;
            from += skipped;
            continue;
        }
        // White space that folding dropped altogether, such as a line continuation in double quotes.
        from += blank_run(rest, style);
        note(at, from);
        from += written_length(&written[from..], letter, style);
        at += letter.len_utf8();
    }
    steps
}

/// The length of the white space at the start of `written`, including escapes for white space.
fn blank_run(written: &str, style: Style) -> usize {
    let mut length = 0;
    while let Some(letter) = written[length..].chars().next() {
        if letter.is_whitespace() {
            length += letter.len_utf8();
        } else if style == Style::DoubleQuoted && letter == '\\' {
            match written[length + 1..].chars().next() {
                Some(escaped @ ('n' | 't' | 'r' | ' ' | '\t' | '\n' | '\r' | '_' | 'N' | 'L' | 'P' | 'v' | 'f')) => {
                    length += 1 + escaped.len_utf8();
                }
                _ => break,
            }
        } else {
            break;
        }
    }
    length
}

/// How many bytes of `written` encode the next character of the value.
fn written_length(written: &str, letter: char, style: Style) -> usize {
    let first = written.chars().next().map_or(0, char::len_utf8);
    let length = match (style, written.as_bytes()) {
        (Style::SingleQuoted, [b'\'', b'\'', ..]) if letter == '\'' => 2,
        (Style::DoubleQuoted, [b'\\', kind, ..]) => match kind {
            b'x' => 4,
            b'u' => 6,
            b'U' => 10,
            _ => 2,
        },
        _ => first,
    };
    (1..=length).rev().find(|length| written.is_char_boundary(*length)).unwrap_or(first).min(written.len())
}

#[cfg(test)]
mod tests {
    use super::OffsetMap;
    use crate::{
        text::Span,
        yaml::{Kind, Limits, parse},
    };

    /// For each case: a file with one scalar under `a`, and a word whose position in the value maps back to itself.
    #[test]
    fn words_lead_back_to_where_they_are_written() {
        let cases = [
            ("a: echo one two\n", "two"),
            ("a: 'it''s here now'\n", "now"),
            ("a: \"say \\\"hi\\\" \\u00e9 there\"\n", "there"),
            ("a: \"one \\\n   two\"\n", "two"),
            ("a: |\n    first\n      second line\n    third\n", "second"),
            ("a: |\n    first\n\n    third\n", "third"),
            ("a: >\n    first\n    second\n\n    third\n", "third"),
            ("a: plain\n   over lines\n", "lines"),
            ("a: |-\r\n  first\r\n  second\r\n", "second"),
        ];
        for (text, word) in cases {
            let (tree, problems) = parse(text, Limits::default());
            assert_eq!(problems, [], "{text}");
            let Some(field) = tree.root().and_then(|root| tree.field(root, "a")) else { panic!("{text}") };
            let Kind::Scalar(scalar) = tree.kind(field.value) else { panic!("{text}") };
            let map = OffsetMap::new(text, &tree, field.value).unwrap();
            let at = scalar.value.find(word).unwrap();
            let span = map.span(Span::new(at, at + word.len()));
            assert_eq!(&text[span.start..span.end], word, "{text}");
            assert_eq!(map.value_offset(span.start), at, "{text}");
        }
    }
}
