//! Statements that are values or assign one.

use super::{
    Failure, Reader, command, literal,
    word::{unknown, variable_in_shell_terms, variable_name},
};
use crate::{
    script::{Assignment, ExecutionContext, Output, Part, Word},
    text::Span,
};

/// Operators that keep the values they join.
const JOINING: [&str; 4] = ["+", ",", "-f", "-join"];

/// Methods that keep the value, give or take blanks.
const KEEPING: [&str; 4] = ["trim", "trimend", "trimstart", "tostring"];

impl Reader<'_> {
    /// `$env:NAME = value`, or a value that is printed.
    pub(super) fn expression(&mut self, context: ExecutionContext) -> Result<usize, Failure> {
        let start = self.at;
        if let Some((name, append)) = self.assigned() {
            return self.assignment(start, &name, append, context);
        }
        self.at = start;
        let value = if self.console() { self.written()? } else { self.value()? };
        let span = Span::new(start, value.span.end);
        self.commands.push(command(span, vec![literal("echo", Span::new(start, start)), value], context));
        Ok(self.commands.len() - 1)
    }

    /// Passes `[Console]::WriteLine(`, which prints its argument.
    fn console(&mut self) -> bool {
        const LONGEST: usize = "[System.Console]::Error.WriteLine(".len();
        let rest = self.rest();
        let Some(open) = rest.bytes().take(LONGEST).position(|letter| letter == b'(') else { return false };
        let method = rest[..open].to_ascii_lowercase();
        let method = method.replacen("[system.", "[", 1).replacen(".out.", ".", 1).replacen("error.", "", 1);
        let prints = matches!(method.as_str(), "[console]::write" | "[console]::writeline");
        if prints {
            self.at += open + 1;
        }
        prints
    }

    /// The argument of a method that prints, and its closing bracket.
    fn written(&mut self) -> Result<Word, Failure> {
        let value = self.value()?;
        if self.eat(")") { Ok(value) } else { Err(Failure::Unterminated) }
    }

    /// The variable before `=` or `+=`, as written.
    fn assigned(&mut self) -> Option<(String, bool)> {
        // `[string]$name = …`
        while self.rest().starts_with('[') {
            let end = self.rest().find([']', '\n'])?;
            self.at += end + 1;
            self.skip_blanks();
        }
        let rest = self.rest().strip_prefix('$')?;
        let (name, after) = if let Some(inner) = rest.strip_prefix('{') {
            inner.split_once('}')?
        } else {
            rest.split_at(variable_name(rest).len())
        };
        if name.is_empty() {
            return None;
        }
        self.at = self.end - after.len();
        self.skip_blanks();
        let append = self.rest().starts_with("+=");
        let assigns = append || self.rest().starts_with('=');
        self.at += if append { 2 } else { 1 };
        assigns.then(|| (name.to_owned(), append))
    }

    fn assignment(
        &mut self,
        start: usize,
        name: &str,
        append: bool,
        context: ExecutionContext,
    ) -> Result<usize, Failure> {
        self.skip_lines();
        let starts_value = matches!(
            self.peek(),
            Some(b'$' | b'"' | b'\'' | b'@' | b'(' | b'[' | b'!' | b'+' | b',' | b'-' | b'0'..=b'9')
        );
        let begin = self.at;
        let mut value = if starts_value { self.value()? } else { Word::default() };
        self.skip_blanks();
        if matches!(self.peek(), Some(b'|' | b'&')) || !starts_value {
            // The output of a command, or of a whole pipeline that the value goes through.
            self.at = begin;
            let first = self.commands.len();
            let captured = ExecutionContext { output: Output::Capture, ..context };
            self.deeper(|reader| reader.statement(captured))?;
            let span = Span::new(begin, self.at);
            value = Word { span, parts: vec![Part::Substitution { span, commands: first..self.commands.len() }] };
        }
        let span = Span::new(start, value.span.end);
        let is_environment = name.get(..4).is_some_and(|scope| scope.eq_ignore_ascii_case("env:"));
        let name = variable_in_shell_terms(name);
        let mut assign = command(span, Vec::new(), context);
        if is_environment {
            let operator = if append { "+=" } else { "=" };
            let mut parts = vec![Part::Text { text: format!("{name}{operator}"), quoted: false }];
            parts.extend(value.parts);
            assign.words = vec![literal("export", Span::new(start, start)), Word { span, parts }];
        } else {
            assign.assignments.push(Assignment { span, name, append, value });
        }
        self.commands.push(assign);
        Ok(self.commands.len() - 1)
    }

    /// Operands with operators between them, up to the end of the statement.
    fn value(&mut self) -> Result<Word, Failure> {
        let start = self.at;
        let mut end = start;
        let mut parts: Vec<Part> = Vec::new();
        let mut is_known = true;
        loop {
            self.skip_blanks();
            let Some(letter) = self.rest().chars().next() else { break };
            match letter {
                '\n' | ';' | '|' | '&' | ')' | '}' => break,
                '"' | '\'' | '$' | '@' | '(' => {
                    let operand = self.operand()?;
                    parts.extend(operand);
                    if let Some(others) = self.members()? {
                        parts.extend(others);
                        is_known = false;
                    }
                }
                '[' => {
                    let inside = self.opaque_group("[", "]")?;
                    // A cast in front of a value keeps it; a type's members do not.
                    if self.rest().starts_with("::") {
                        parts.extend(inside);
                        parts.extend(self.members()?.into_iter().flatten());
                        is_known = false;
                    }
                }
                '{' => {
                    self.at += 1;
                    let first = self.commands.len();
                    self.statements("}", ExecutionContext { conditional: true, ..ExecutionContext::default() })?;
                    parts.push(Part::Other { span: Span::new(start, self.at), commands: first..self.commands.len() });
                    is_known = false;
                }
                '>' | '<' => return Err(Failure::Unexpected),
                _ => {
                    let operator = self.operator_or_number();
                    let number = operator.starts_with(|letter: char| letter.is_ascii_digit());
                    if number {
                        parts.push(Part::Text { text: operator.to_owned(), quoted: true });
                    } else if !JOINING.contains(&operator.to_ascii_lowercase().as_str()) {
                        is_known = false;
                    }
                }
            }
            end = self.at;
        }
        if !is_known {
            parts = parts.into_iter().filter_map(unknown).collect();
            parts.push(Part::Other { span: Span::new(start, end), commands: 0..0 });
        }
        Ok(Word { span: Span::new(start, end), parts })
    }

    fn operator_or_number(&mut self) -> &str {
        let rest = self.rest();
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let named = rest.starts_with('-') || rest.starts_with(is_word);
        let length =
            if named { rest[first..].find(|letter| !is_word(letter)).unwrap_or(rest.len() - first) } else { 0 };
        self.at += first + length;
        &rest[..first + length]
    }

    /// `.Property`, `.Method(…)`, `[0]` and `::Member` behind an operand. `None` when there is nothing that changes the
    /// value, otherwise what the arguments read.
    fn members(&mut self) -> Result<Option<Vec<Part>>, Failure> {
        let mut changes = false;
        let mut parts = Vec::new();
        loop {
            let rest = self.rest();
            let after = rest.strip_prefix("::").or_else(|| rest.strip_prefix("?.")).or_else(|| rest.strip_prefix('.'));
            if let Some(after) = after.filter(|after| after.starts_with(|letter: char| letter.is_ascii_alphabetic())) {
                let length = after.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(after.len());
                let member = after[..length].to_ascii_lowercase();
                self.at += rest.len() - after.len() + length;
                changes |= !KEEPING.contains(&member.as_str());
                if self.rest().starts_with('(') {
                    let arguments = self.opaque_group("(", ")")?;
                    changes |= arguments.len() > 1;
                    parts.extend(arguments);
                }
            } else if rest.starts_with('[') {
                changes = true;
                parts.extend(self.opaque_group("[", "]")?);
            } else {
                return Ok(changes.then_some(parts));
            }
        }
    }
}
