//! Words: quoting, escapes and expansions.

use super::{
    Expansion, Operator, Part, Word,
    parser::{Failure, Parser},
};
use crate::text::Span;

/// Where a run of parts ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A blank, a line break or an operator.
    Word,
    /// The closing `"`.
    DoubleQuote,
    /// The `}` of `${NAME:-…}`; inside double quotes when `quoted`.
    Brace { quoted: bool },
    /// The end of a here-document.
    HereDocument,
}

impl Stop {
    const fn quoted(self) -> bool {
        matches!(self, Self::DoubleQuote | Self::HereDocument | Self::Brace { quoted: true })
    }
}

/// Collects parts, joining adjacent text of one kind.
struct Parts(Vec<Part>);

impl Parts {
    fn text(&mut self, more: &str, quoted: bool) {
        match self.0.last_mut() {
            Some(Part::Text { text, quoted: before }) if *before == quoted => text.push_str(more),
            _ if more.is_empty() => {}
            _ => self.0.push(Part::Text { text: more.to_owned(), quoted }),
        }
    }
}

impl<'t> Parser<'t> {
    /// Reads a word; the cursor is at its first byte.
    pub(super) fn word(&mut self) -> Result<Word, Failure> {
        let start = self.at;
        let parts = self.parts(Stop::Word)?;
        Ok(Word { span: Span::new(start, self.at), parts })
    }

    /// Reads parts up to, not including, what `stop` names. The end of the text ends a word and a here-document.
    pub(super) fn parts(&mut self, stop: Stop) -> Result<Vec<Part>, Failure> {
        self.deeper(|parser| parser.parts_here(stop))
    }

    fn parts_here(&mut self, stop: Stop) -> Result<Vec<Part>, Failure> {
        // Most words have one part.
        let mut parts = Parts(Vec::with_capacity(1));
        loop {
            let Some(byte) = self.peek() else {
                return match stop {
                    Stop::Word | Stop::HereDocument => Ok(parts.0),
                    Stop::DoubleQuote | Stop::Brace { .. } => Err(Failure::Unterminated),
                };
            };
            match (byte, stop) {
                (b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b')', Stop::Word)
                | (b'"', Stop::DoubleQuote)
                | (b'}', Stop::Brace { .. }) => return Ok(parts.0),
                (b'<' | b'>', Stop::Word) => {
                    if self.peek_at(1) != Some(b'(') {
                        return Ok(parts.0);
                    }
                    let start = self.at;
                    self.at += 2;
                    let commands = self.substituted()?;
                    parts.0.push(Part::Other { span: Span::new(start, self.at), commands });
                }
                (b'(', Stop::Word) => {
                    // `@(a|b)` is a pattern; any other bracket is an operator.
                    if !self.text[..self.at].ends_with(['@', '?', '*', '+', '!']) || parts.0.is_empty() {
                        return Ok(parts.0);
                    }
                    let pattern = self.balanced()?;
                    parts.text(pattern, false);
                }
                (b'\\', _) => self.escape(stop, &mut parts),
                (b'\'', Stop::Word | Stop::Brace { quoted: false }) => {
                    self.at += 1;
                    let text = self.until(b'\'')?;
                    parts.0.push(Part::Text { text: text.to_owned(), quoted: true });
                }
                (b'"', Stop::Word | Stop::Brace { .. }) => {
                    self.at += 1;
                    let inner = self.parts(Stop::DoubleQuote)?;
                    self.at += 1;
                    if inner.is_empty() {
                        parts.0.push(Part::Text { text: String::new(), quoted: true });
                    }
                    for part in inner {
                        match part {
                            Part::Text { text, .. } => parts.text(&text, true),
                            other => parts.0.push(other),
                        }
                    }
                }
                (b'$', _) => self.dollar(stop, &mut parts)?,
                (b'`', _) => self.backticks(&mut parts)?,
                _ => {
                    let start = self.at;
                    self.at += 1;
                    while self.peek().is_some_and(is_plain) {
                        self.at += 1;
                    }
                    parts.text(&self.text[start..self.at], stop.quoted());
                }
            }
        }
    }

    fn escape(&mut self, stop: Stop, parts: &mut Parts) {
        self.at += 1;
        let Some(next) = self.peek_char() else {
            return parts.text("\\", true);
        };
        self.at += next.len_utf8();
        let kept = match (next, stop) {
            ('\n', _) => return,
            ('$' | '`' | '\\', _) | ('"', Stop::DoubleQuote | Stop::Brace { .. }) => false,
            (_, Stop::DoubleQuote | Stop::HereDocument) => true,
            _ => false,
        };
        if kept {
            parts.text("\\", true);
        }
        parts.text(next.encode_utf8(&mut [0; 4]), true);
    }

    fn dollar(&mut self, stop: Stop, parts: &mut Parts) -> Result<(), Failure> {
        let start = self.at;
        match self.peek_at(1) {
            Some(b'(') if self.peek_at(2) == Some(b'(') && self.arithmetic(start + 3) => {
                parts.0.push(Part::Other { span: Span::new(start, self.at), commands: 0..0 });
            }
            Some(b'(') => {
                self.at += 2;
                let commands = self.substituted()?;
                parts.0.push(Part::Substitution { span: Span::new(start, self.at), commands });
            }
            Some(b'{') => {
                self.at += 2;
                let (name, operator) = self.braced(stop)?;
                let span = Span::new(start, self.at);
                parts.0.push(Part::Variable(Expansion { span, name, quoted: stop.quoted(), operator }));
            }
            Some(b'\'') if !stop.quoted() => {
                self.at += 2;
                let text = self.until_unescaped(b'\'')?;
                parts.0.push(Part::Text { text: text.to_owned(), quoted: true });
            }
            Some(b'"') if !stop.quoted() => self.at += 1,
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                self.at += 1;
                let name = self.name().to_owned();
                let span = Span::new(start, self.at);
                let operator = Operator::None;
                parts.0.push(Part::Variable(Expansion { span, name, quoted: stop.quoted(), operator }));
            }
            Some(byte) if byte.is_ascii_digit() || is_special(byte) => {
                self.at += 2;
                let name = char::from(byte).to_string();
                let span = Span::new(start, self.at);
                let operator = Operator::None;
                parts.0.push(Part::Variable(Expansion { span, name, quoted: stop.quoted(), operator }));
            }
            _ => {
                self.at += 1;
                parts.text("$", stop.quoted());
            }
        }
        Ok(())
    }

    /// The inside of `${…}`; the cursor is after `{` and ends after `}`.
    fn braced(&mut self, stop: Stop) -> Result<(String, Operator), Failure> {
        if self.peek() == Some(b'{') {
            return self.bitbucket_template();
        }
        let mut other = false;
        if matches!(self.peek(), Some(b'#' | b'!')) && self.peek_at(1) != Some(b'}') {
            self.at += 1;
            other = true;
        }
        let mut name = self.name().to_owned();
        if name.is_empty() {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                self.at += 1;
            }
            if self.at == start && self.peek().is_some_and(is_special) {
                self.at += 1;
            }
            self.text[start..self.at].clone_into(&mut name);
        }
        if name.is_empty() {
            return Err(Failure::Unexpected);
        }
        if self.peek() == Some(b'[') {
            self.at += 1;
            let _subscript = self.until(b']')?;
            other = true;
        }
        let colon = usize::from(self.peek() == Some(b':'));
        let sign = self.peek_at(colon);
        let known = !other && matches!(sign, Some(b'-' | b'=' | b'+' | b'?'));
        if known {
            self.at += colon + 1;
        } else if self.peek() != Some(b'}') {
            other = true;
        }
        let start = self.at;
        let inside = self.parts(Stop::Brace { quoted: stop.quoted() })?;
        let word = Word { span: Span::new(start, self.at), parts: inside };
        self.at += 1;
        let operator = match sign {
            Some(b'-') if known => Operator::Default(word),
            Some(b'=') if known => Operator::Assign(word),
            Some(b'+') if known => Operator::Alternative(word),
            Some(b'?') if known => Operator::Require(word),
            _ if other => Operator::Other(word),
            _ => Operator::None,
        };
        Ok((name, operator))
    }

    /// The inside of `${{NAME}}`; the cursor is after the first brace and ends after the last one.
    fn bitbucket_template(&mut self) -> Result<(String, Operator), Failure> {
        let inside = self.rest().get(1..).unwrap_or_default();
        let length = inside.find("}}").filter(|length| !inside[..*length].contains('\n'));
        let length = length.ok_or(Failure::Unterminated)?;
        let name = inside[..length].trim().to_owned();
        self.at += length + "{}}".len();
        Ok((name, Operator::Template))
    }

    fn backticks(&mut self, parts: &mut Parts) -> Result<(), Failure> {
        let start = self.at;
        self.at += 1;
        let text = self.until_unescaped(b'`')?;
        let after = self.at;
        let commands = if text.contains('\\') {
            // Escapes inside change what is read; such code is old and rare, and its value stays unknown.
            0..0
        } else {
            self.at = start + 1;
            let commands = self.within(after - 1, Self::substituted_to_end)?;
            self.at = after;
            commands
        };
        parts.0.push(Part::Substitution { span: Span::new(start, after), commands });
        Ok(())
    }

    /// Reads `[A-Za-z0-9_]*` unless a digit comes first.
    pub(super) fn name(&mut self) -> &'t str {
        let start = self.at;
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                self.at += 1;
            }
        }
        &self.text[start..self.at]
    }

    /// The text up to `close`, which is consumed.
    fn until(&mut self, close: u8) -> Result<&'t str, Failure> {
        let start = self.at;
        let length = self.rest().bytes().position(|byte| byte == close).ok_or(Failure::Unterminated)?;
        self.at += length + 1;
        Ok(&self.text[start..start + length])
    }

    fn until_unescaped(&mut self, close: u8) -> Result<&'t str, Failure> {
        let start = self.at;
        let mut escaped = false;
        let unescaped = |byte| {
            let found = byte == close && !escaped;
            escaped = byte == b'\\' && !escaped;
            found
        };
        let length = self.rest().bytes().position(unescaped).ok_or(Failure::Unterminated)?;
        self.at += length + 1;
        Ok(&self.text[start..start + length])
    }

    /// `(…)` with its brackets, for patterns and arithmetic.
    fn balanced(&mut self) -> Result<&'t str, Failure> {
        let start = self.at;
        let mut open = 0_usize;
        for (offset, byte) in self.rest().bytes().enumerate() {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                self.at = start + offset + 1;
                return Ok(&self.text[start..self.at]);
            }
        }
        Err(Failure::Unterminated)
    }

    /// Moves after the `))` that closes arithmetic whose inside starts at `start`; `false` if it is not arithmetic
    /// but a subshell inside a substitution, and the cursor stays.
    pub(super) fn arithmetic(&mut self, start: usize) -> bool {
        let mut open = 0_usize;
        let inside = self.text.get(start..self.end).unwrap_or_default();
        for (offset, byte) in inside.bytes().enumerate() {
            match byte {
                b'(' => open += 1,
                b')' if open > 0 => open -= 1,
                b')' if inside.as_bytes().get(offset + 1) == Some(&b')') => {
                    self.at = start + offset + 2;
                    return true;
                }
                b')' => return false,
                _ => {}
            }
        }
        false
    }
}

/// Bytes that are literal in every kind of word.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'/' | b'.' | b'-' | b'_' | b':' | b',' | b'=')
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'?' | b'@' | b'*' | b'#' | b'!' | b'$' | b'-')
}
