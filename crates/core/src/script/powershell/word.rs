//! Arguments, strings and variables.

use super::{Failure, Reader, own_variable};
use crate::{
    script::{ExecutionContext, Expansion, Operator, Output, Part, Word},
    text::Span,
};

/// Variables of PowerShell that always hold the same.
const CONSTANTS: [(&str, &str); 3] = [("true", "True"), ("false", "False"), ("null", "")];

impl Reader<'_> {
    /// An argument of a command.
    pub(super) fn argument(&mut self) -> Result<Word, Failure> {
        let start = self.at;
        let mut parts = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b')' | b'}' | b'<' | b'>' => break,
                b'(' | b'{' if self.at > start => break,
                // the next line belongs to the command, not to the word
                b'`' if self.line_continues() => break,
                b'{' => {
                    self.at += 1;
                    let first = self.commands.len();
                    self.statements("}", ExecutionContext { conditional: true, ..ExecutionContext::default() })?;
                    let span = Span::new(start, self.at);
                    parts.push(Part::Other { span, commands: first..self.commands.len() });
                }
                b'(' | b'"' | b'\'' | b'$' | b'@' => parts.extend(self.operand()?),
                _ => self.bare(&mut parts),
            }
        }
        Ok(Word { span: Span::new(start, self.at), parts })
    }

    /// Text without quotes, up to the next character that means something.
    fn bare(&mut self, parts: &mut Vec<Part>) {
        let mut text = String::new();
        while let Some(letter) = self.rest().chars().next() {
            match letter {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | '&' | '(' | ')' | '{' | '}' | '<' | '>' | '"' | '\'' | '$' => {
                    break;
                }
                '`' if self.line_continues() => break,
                '`' => {
                    let escaped = self.rest()[1..].chars().next();
                    self.at += 1 + escaped.map_or(0, char::len_utf8);
                    text.extend(escaped);
                }
                _ => {
                    self.at += letter.len_utf8();
                    text.push(letter);
                }
            }
        }
        parts.push(Part::Text { text, quoted: false });
    }

    /// A string, a variable, a group or an array.
    pub(super) fn operand(&mut self) -> Result<Vec<Part>, Failure> {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with("@\"") || rest.starts_with("@'") {
            return self.here_string();
        }
        if rest.starts_with("@{") {
            self.at += 1;
            return self.opaque_group("{", "}");
        }
        if ["(", "$(", "@("].iter().any(|open| rest.starts_with(open)) {
            return self.group().map(|part| vec![part]);
        }
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let mut parts = self.expandable("\"")?;
                if parts.is_empty() {
                    parts.push(Part::Text { text: String::new(), quoted: true });
                }
                Ok(parts)
            }
            Some(b'\'') => self.verbatim().map(|part| vec![part]),
            Some(b'$') => {
                let variable = self.variable();
                if variable.is_none() {
                    self.at = start + 1;
                }
                Ok(vec![variable.unwrap_or(Part::Text { text: "$".to_owned(), quoted: false })])
            }
            Some(_) => {
                // `@name` passes a list of arguments.
                self.at = start + 1;
                Ok(vec![Part::Other { span: Span::new(start, self.at), commands: 0..0 }])
            }
            None => Err(Failure::Unterminated),
        }
    }

    /// `(…)`, `$(…)` or `@(…)`
    fn group(&mut self) -> Result<Part, Failure> {
        let start = self.at;
        self.at += self.rest().find('(').map_or(1, |at| at + 1);
        let first = self.commands.len();
        self.statements(")", ExecutionContext { output: Output::Capture, ..ExecutionContext::default() })?;
        Ok(Part::Substitution { span: Span::new(start, self.at), commands: first..self.commands.len() })
    }

    /// `'…'`, where `''` is a quote.
    fn verbatim(&mut self) -> Result<Part, Failure> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find('\'').ok_or(Failure::Unterminated)?;
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.eat("'") {
                return Ok(Part::Text { text, quoted: true });
            }
            text.push('\'');
        }
    }

    /// The inside of `"…"` or of a here-string, and its end.
    fn expandable(&mut self, end: &str) -> Result<Vec<Part>, Failure> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let flush = |text: &mut String, parts: &mut Vec<Part>| {
            if !text.is_empty() {
                parts.push(Part::Text { text: std::mem::take(text), quoted: true });
            }
        };
        loop {
            let rest = self.rest();
            let Some(letter) = rest.chars().next() else { return Err(Failure::Unterminated) };
            if end == "\"" && self.eat("\"\"") {
                text.push('"');
            } else if self.eat(end) {
                flush(&mut text, &mut parts);
                return Ok(parts);
            } else if letter == '`' {
                let escaped = rest[1..].chars().next().unwrap_or_default();
                self.at = (self.at + 1 + escaped.len_utf8()).min(self.end);
                text.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
            } else if rest.starts_with("$(") {
                flush(&mut text, &mut parts);
                parts.push(self.group()?);
            } else if letter == '$'
                && let Some(part) = self.variable()
            {
                flush(&mut text, &mut parts);
                parts.push(part);
            } else {
                self.at += letter.len_utf8();
                text.push(letter);
            }
        }
    }

    /// `@"` and `@'`, which end at a line that begins with the same quote and `@`.
    fn here_string(&mut self) -> Result<Vec<Part>, Failure> {
        let rest = self.rest();
        let expands = rest.starts_with("@\"");
        let line = rest.find('\n').ok_or(Failure::Unterminated)?;
        if !rest[2..line].trim().is_empty() {
            return Err(Failure::Unexpected);
        }
        self.at += line + 1;
        if expands {
            // An empty one ends on its first line.
            return if self.eat("\"@") { Ok(Vec::new()) } else { self.expandable("\n\"@") };
        }
        let body = self.rest();
        let end = if body.starts_with("'@") { 0 } else { body.find("\n'@").ok_or(Failure::Unterminated)? };
        self.at += end + if end == 0 { 2 } else { 3 };
        Ok(vec![Part::Text { text: body[..end].to_owned(), quoted: true }])
    }

    /// `$env:NAME`, `${env:NAME}`, `$name`, `$script:name`; `None` for a `$` that stands for itself.
    pub(super) fn variable(&mut self) -> Option<Part> {
        let start = self.at;
        let rest = self.rest();
        let mut operator = Operator::None;
        let (name, length) = if let Some(inner) = rest.strip_prefix("${{") {
            operator = Operator::Template;
            let end = inner.find("}}").filter(|end| !inner[..*end].contains('\n'))?;
            (inner[..end].trim(), end + 5)
        } else if let Some(inner) = rest.strip_prefix("${") {
            let end = inner.find(['}', '\n']).filter(|end| inner[*end..].starts_with('}'))?;
            (&inner[..end], end + 3)
        } else {
            let name = variable_name(rest.strip_prefix('$')?);
            (name, name.len() + 1)
        };
        if name.is_empty() {
            return None;
        }
        self.at += length;
        let span = Span::new(start, self.at);
        if operator == Operator::Template {
            return Some(Part::Variable(Expansion { span, name: name.to_owned(), quoted: true, operator }));
        }
        let lower = name.to_ascii_lowercase();
        if let Some((_, text)) = CONSTANTS.iter().find(|(constant, _)| *constant == lower) {
            return Some(Part::Text { text: (*text).to_owned(), quoted: true });
        }
        let name = variable_in_shell_terms(name);
        Some(Part::Variable(Expansion { span, name, quoted: true, operator }))
    }

    /// Brackets whose inside is not understood. What it reads is kept, with values that say nothing.
    pub(super) fn opaque_group(&mut self, open: &str, close: &str) -> Result<Vec<Part>, Failure> {
        let start = self.at;
        let mut parts = Vec::new();
        let mut depth = 0_usize;
        while let Some(letter) = self.rest().chars().next() {
            if self.eat(open) {
                depth += 1;
            } else if self.eat(close) {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    parts.push(Part::Other { span: Span::new(start, self.at), commands: 0..0 });
                    return Ok(parts);
                }
            } else if matches!(letter, '"' | '\'' | '$') && !self.rest().starts_with("$(") {
                parts.extend(self.operand()?.into_iter().filter_map(unknown));
            } else {
                self.at += letter.len_utf8();
            }
        }
        Err(Failure::Unterminated)
    }
}

/// A part that is read, and about whose value nothing is known.
pub(super) fn unknown(part: Part) -> Option<Part> {
    match part {
        Part::Text { .. } => None,
        Part::Variable(expansion) => {
            Some(Part::Variable(Expansion { operator: Operator::Other(Word::default()), ..expansion }))
        }
        Part::Substitution { span, commands } | Part::Other { span, commands } => Some(Part::Other { span, commands }),
    }
}

/// The name after a `$`, with its scope or drive.
pub(super) fn variable_name(text: &str) -> &str {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    if end == 0 {
        // `$?`, `$$`, `$^`
        return if text.starts_with(['?', '$', '^']) { &text[..1] } else { "" };
    }
    match text[end..].strip_prefix(':') {
        Some(rest) if rest.starts_with(is_part) => {
            let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            &text[..end + 1 + length]
        }
        _ => &text[..end],
    }
}

/// The shell's name of a variable: that of the environment, or one that no shell variable has.
pub(super) fn variable_in_shell_terms(name: &str) -> String {
    let (scope, own) = name.split_once(':').unwrap_or(("", name));
    let environment = scope.eq_ignore_ascii_case("env");
    match own.to_ascii_lowercase().as_str() {
        "userprofile" if environment => "HOME".to_owned(),
        "home" | "pwd" if !environment => own.to_ascii_uppercase(),
        _ if environment => own.to_owned(),
        _ => own_variable(own),
    }
}
