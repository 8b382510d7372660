//! A policy that a document keeps as JSON in a string, with the place of every part in the document.
//!
//! Templates assemble such strings from literals and from values that are known only after deployment. The latter are
//! written as in `Fn::Sub`: `${name}`.

use super::{
    document::{self, Member, Node, NotJson, Value},
    text::Part,
};
use crate::text::Span;

/// JSON that is assembled from the strings of a document.
#[derive(Debug, Default)]
pub(super) struct Embedded {
    text: String,
    /// For every byte of the text, the characters of the document that it comes from.
    origins: Vec<Span>,
    /// Whether parts are known only after deployment.
    open: bool,
    in_string: bool,
    escaped: bool,
}

/// A piece of a format string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// These characters.
    Literal(&'t str),
    /// `${!name}`: the characters `${name}`.
    Escaped(&'t str),
    /// `${name}`.
    Variable(&'t str),
}

/// Splits a format string of `Fn::Sub`; every piece with its range. `None` where a brace is not closed.
pub(super) fn pieces(format: &str) -> Option<Vec<(Piece<'_>, Span)>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(length) = format[at..].find("${") {
        let start = at + length;
        let end = start + format[start..].find('}')? + 1;
        let name = &format[start + 2..end - 1];
        pieces.push((Piece::Literal(&format[at..start]), Span::new(at, start)));
        let piece = name.strip_prefix('!').map_or(Piece::Variable(name), Piece::Escaped);
        pieces.push((piece, Span::new(start, end)));
        at = end;
    }
    pieces.push((Piece::Literal(&format[at..]), Span::new(at, format.len())));
    Some(pieces)
}

impl Embedded {
    /// Appends known characters; `origin` gives the place of the byte at an offset.
    pub(super) fn known(&mut self, text: &str, origin: impl Fn(usize) -> Span) {
        for (at, char) in text.char_indices() {
            // A literal `${` must not be taken for a part that is open.
            let literal = char == '{' && self.text.ends_with('$');
            self.push(char, origin(at));
            if literal {
                self.push('!', origin(at));
            }
        }
    }

    /// Appends a part that is known only after deployment. Outside of a JSON string it takes the place of a value.
    pub(super) fn open(&mut self, name: &str, origin: Span) {
        self.open = true;
        let name: String = name
            .chars()
            .map(|c| if c.is_control() || matches!(c, '"' | '\\' | '{' | '}') { '\'' } else { c })
            .collect();
        let quote = if self.in_string { "" } else { "\"" };
        let part = format!("{quote}${{{name}}}{quote}");
        self.origins.extend(std::iter::repeat_n(origin, part.len()));
        self.text.push_str(&part);
    }

    /// Appends the parts of a string that has one place.
    pub(super) fn append(&mut self, parts: &[Part], origin: Span) {
        for part in parts {
            match part {
                Part::Known(text) => self.known(text, |_| origin),
                Part::Open(name) => self.open(name, origin),
            }
        }
    }

    fn push(&mut self, char: char, origin: Span) {
        self.text.push(char);
        self.origins.extend(std::iter::repeat_n(origin, char.len_utf8()));
        match char {
            _ if self.escaped => self.escaped = false,
            '\\' => self.escaped = self.in_string,
            '"' => self.in_string = !self.in_string,
            _ => {}
        }
    }

    /// Reads the JSON. Strings with parts that are open become calls of `Fn::Sub`. `None` where such parts hide the
    /// structure.
    pub(super) fn parse(&self) -> Result<Option<Node>, NotJson> {
        match document::parse(&self.text) {
            Ok(Node { value: Value::String(text), .. }) if is_open(&text) => Ok(None),
            Ok(node) => Ok(Some(self.placed(node))),
            Err(_) if self.open => Ok(None),
            Err(error) => Err(NotJson { span: self.origin(error.span), ..error }),
        }
    }

    fn origin(&self, span: Span) -> Span {
        let last = self.origins.last().map_or(Span::at(0), |last| Span::at(last.end));
        let start = self.origins.get(span.start).copied().unwrap_or(last);
        let end = self.origins.get(span.end.saturating_sub(1)).copied().unwrap_or(last);
        Span::new(start.start, end.end.max(start.start))
    }

    fn placed(&self, node: Node) -> Node {
        let span = self.origin(node.span);
        let value = match node.value {
            Value::String(text) if is_open(&text) => {
                return Node::call("Fn::Sub", Node { span, value: Value::String(text) });
            }
            Value::String(text) => Value::String(unescaped(&text)),
            Value::List(items) => Value::List(items.into_iter().map(|item| self.placed(item)).collect()),
            Value::Object(members) => Value::Object(members.into_iter().map(|member| self.member(member)).collect()),
            value => value,
        };
        Node { span, value }
    }

    fn member(&self, member: Member) -> Member {
        let key_span = self.origin(member.key_span);
        let value = self.placed(member.value);
        let key_open = is_open(&member.key);
        let key = if key_open { member.key } else { unescaped(&member.key) };
        Member { key, key_span, key_open, value }
    }
}

fn is_open(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| !text[at + 2..].starts_with('!'))
}

fn unescaped(text: &str) -> String {
    text.replace("${!", "${")
}

/// The place of every byte of a string in a document, given what the document has for it: a JSON string or a YAML scalar
/// of any style, or a Terraform string. `None` where the two do not fit.
pub(super) fn places(source: &str, span: Span, text: &str) -> Option<Vec<Span>> {
    let slice = source.get(span.start..span.end)?;
    let quote = slice.chars().next().filter(|first| matches!(first, '"' | '\''));
    let mut at = match slice.as_bytes() {
        [b'|' | b'>', ..] | [b'<', b'<', ..] => slice.find('\n')? + 1,
        _ => usize::from(quote.is_some()),
    };
    let mut places = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        // The span of a block scalar ends before its last line break.
        if at == slice.len() && rest.trim_start().is_empty() {
            places.extend(std::iter::repeat_n(Span::at(span.end), rest.len()));
            break;
        }
        let (read, written) = step(&slice[at..], rest, quote)?;
        if read == 0 {
            at += written;
            continue;
        }
        let place = Span::new(span.start + at, span.start + at + written);
        places.extend(std::iter::repeat_n(place, read));
        at += written;
        rest = &rest[read..];
    }
    Some(places)
}

/// How many bytes of `text` come from how many bytes of `source`; none from white space that only the source has.
fn step(source: &str, text: &str, quote: Option<char>) -> Option<(usize, usize)> {
    let (written, char) = (source.chars().next()?, text.chars().next()?);
    if source.starts_with("$${") && text.starts_with("${!") {
        return Some((3, 3));
    }
    if source.starts_with("${") && text.starts_with("${") {
        return Some((text.find('}')? + 1, closing(source)?));
    }
    if quote == Some('"') && written == '\\' {
        return Some(match source.as_bytes().get(1)? {
            b'\n' => (0, 2),
            b'u' if char.len_utf8() == 4 => (4, 12.min(source.len())),
            b'u' => (char.len_utf8(), 6.min(source.len())),
            b'U' => (char.len_utf8(), 10.min(source.len())),
            b'x' => (char.len_utf8(), 4.min(source.len())),
            _ => (char.len_utf8(), 1 + source[1..].chars().next()?.len_utf8()),
        });
    }
    if quote == Some('\'') && char == '\'' && source.starts_with("''") {
        return Some((1, 2));
    }
    // A folded line break is a space.
    if written == char || (written == '\n' && char == ' ') {
        return Some((char.len_utf8(), written.len_utf8()));
    }
    written.is_whitespace().then_some((0, written.len_utf8()))
}

/// The length of an interpolation, which may have braces and strings in it.
fn closing(source: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, char) in source.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at + 1),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_string_has_its_place_in_the_document() {
        for (source, text, expected) in [
            (r#""a\"b""#, "a\"b", vec!["a", "\\\"", "b"]),
            (
                "\"\\u00e9\\ud83d\\ude00\"",
                "é😀",
                vec!["\\u00e9", "\\u00e9", "\\ud83d\\ude00", "\\ud83d\\ude00", "\\ud83d\\ude00", "\\ud83d\\ude00"],
            ),
            ("'it''s'", "it's", vec!["i", "t", "''", "s"]),
            ("|\n    {\n      a", "{\n  a", vec!["{", "\n", " ", " ", "a"]),
            ("{\n    a", "{\na\n", vec!["{", "\n", "a", ""]),
            (">\n  a\n  b", "a b", vec!["a", "\n", "b"]),
            (
                "\"x${f({a = 1})}$${y}\"",
                "x${f}${!y}",
                vec![
                    "x",
                    "${f({a = 1})}",
                    "${f({a = 1})}",
                    "${f({a = 1})}",
                    "${f({a = 1})}",
                    "$${",
                    "$${",
                    "$${",
                    "y",
                    "}",
                ],
            ),
        ] {
            let span = Span::new(0, source.len());
            let places = places(source, span, text).unwrap();
            let found: Vec<_> = places.iter().map(|place| &source[place.start..place.end]).collect();
            assert_eq!(found, expected, "{source}");
        }
        assert_eq!(places("*alias", Span::new(0, 6), "text"), None);
    }

    #[test]
    fn open_parts_stay_open_wherever_they_are() {
        let mut json = Embedded::default();
        let here = |_: usize| Span::at(0);
        json.known("{\"${x}", here);
        json.open("A \"b\"", Span::at(1));
        json.known("\": [", here);
        json.open("B", Span::at(2));
        json.known(", \"c${d}\"]}", here);
        let node = json.parse().unwrap().unwrap();
        let member = &node.members()[0];
        assert_eq!((member.key.as_str(), member.key_open), ("${!x}${A 'b'}", true));
        let [open, known] = member.value.items() else { panic!("{member:?}") };
        assert_eq!(open.get("Fn::Sub").unwrap().as_str(), Some("${B}"));
        assert_eq!(known.as_str(), Some("c${d}"));
    }

    #[test]
    fn a_structure_that_open_parts_hide_is_unknown_and_no_error() {
        let mut json = Embedded::default();
        json.known("{\"a\": 1", |_| Span::at(0));
        json.open("rest", Span::at(1));
        assert_eq!(json.parse(), Ok(None));
        let mut json = Embedded::default();
        json.known("{\"a\" 1}", |at| Span::new(at + 10, at + 11));
        assert_eq!(json.parse().unwrap_err().span.start, 15);
    }
}
