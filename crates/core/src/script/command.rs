//! One simple command: its assignments, words and redirections, and the here-documents below its line.

use std::mem;

use super::{
    Assignment, Command, ExecutionContext, OnFailure, Part, Redirection, RedirectionKind, Word,
    compound::{Before, State},
    is_name,
    parser::{Failure, Parser},
    word::Stop,
};
use crate::text::Span;

/// Builtins whose `NAME=(…)` arguments are arrays.
const DECLARATIONS: [&str; 5] = ["export", "declare", "local", "readonly", "typeset"];

/// A here-document whose body follows the line.
pub(super) struct Pending {
    pub(super) command: usize,
    pub(super) redirection: usize,
    pub(super) delimiter: String,
    pub(super) strip_tabs: bool,
    pub(super) literal: bool,
}

impl Parser<'_> {
    pub(super) fn push(&mut self, command: Command, pending: Vec<Pending>) {
        let index = self.commands.len();
        self.pending.extend(pending.into_iter().map(|pending| Pending { command: index, ..pending }));
        self.commands.push(command);
        self.levels.push(self.level);
    }

    pub(super) fn simple(&mut self, state: &mut State) -> Result<(), Failure> {
        let (start, first, context) = (self.at, self.commands.len(), self.current);
        let mut command = Command {
            span: Span::at(start),
            assignments: Vec::new(),
            words: Vec::new(),
            redirections: Vec::new(),
            context,
            on_failure: OnFailure::Exits,
        };
        let mut pending = Vec::new();
        loop {
            command.span.end = self.at;
            self.skip_blanks();
            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b')' | b'#') => break,
                Some(b'&') if self.peek_at(1) != Some(b'>') => break,
                Some(b'(') => {
                    let alone = command.words.len() == 1 && command.assignments.is_empty();
                    if !alone || !self.rest().starts_with("()") {
                        return Err(Failure::Unexpected);
                    }
                    self.at += 2;
                    state.before = Before { function: true, ..Before::default() };
                    return Ok(());
                }
                Some(_) => {}
            }
            if self.redirection(&mut command.redirections, &mut pending)? {
                continue;
            }
            if command.words.is_empty()
                && let Some(assignment) = self.assignment()?
            {
                command.assignments.push(assignment);
                continue;
            }
            let mut word = self.word()?;
            if word.span.is_empty() {
                return Err(Failure::Unexpected);
            }
            if self.peek() == Some(b'(')
                && self.text[..self.at].ends_with('=')
                && command.name().is_some_and(|name| DECLARATIONS.contains(&&*name))
            {
                word.parts.extend(self.array()?);
                word.span.end = self.at;
            }
            command.words.push(word);
        }
        let inline = self.inline_script(&command);
        let inline_powershell = self.inline_powershell_script(&command);
        let is_inline = inline.is_some() || inline_powershell.is_some();
        let redirections = if is_inline { command.redirections.clone() } else { Vec::new() };
        self.push(command, pending);
        let asks = self.is_test(first);
        if let Some(script) = inline {
            let first = self.commands.len();
            self.inline(script);
            self.redirect(first, &redirections);
        } else if let Some(script) = inline_powershell {
            let first = self.commands.len();
            self.inline_powershell(script);
            self.redirect(first, &redirections);
        }
        let before = mem::take(&mut state.before);
        self.finish(state, first, before, asks)
    }

    /// The script of `sh -c 'script'` if each of its bytes is literal, so that offsets in it are known: between
    /// single quotes, or between double quotes with only literal text and variables.
    fn inline_script(&self, command: &Command) -> Option<Span> {
        if !command.words.iter().any(|word| word.prefix().ends_with("sh")) {
            return None;
        }
        let span = command.invocation()?.inline_script()?.span;
        let inside = Span::new(span.start + 1, span.end.checked_sub(1)?);
        let (text, quoted) = (self.text.get(inside.start..inside.end)?, &self.text[span.start..span.end]);
        let plain = match quoted.as_bytes() {
            [b'\'', .., b'\''] => !text.contains('\''),
            [b'"', .., b'"'] => !text.contains(['"', '\\', '`']) && !text.contains("$("),
            _ => false,
        };
        plain.then_some(inside)
    }

    /// The script of `pwsh -Command 'script'` if the shell expands nothing in it: between single quotes, or between double
    /// quotes with every `$` escaped; the backslash that remains before it does not hide a variable from PowerShell.
    fn inline_powershell_script(&self, command: &Command) -> Option<Span> {
        let named = |word: &Word| {
            let name = word.prefix().as_bytes();
            name.ends_with(b"pwsh") || name.ends_with(b"powershell") || name.ends_with(b".exe")
        };
        if !command.words.iter().any(named) {
            return None;
        }
        let span = command.invocation()?.inline_powershell()?.span;
        let inside = Span::new(span.start + 1, span.end.checked_sub(1)?);
        let (text, quoted) = (self.text.get(inside.start..inside.end)?, &self.text[span.start..span.end]);
        let plain = match quoted.as_bytes() {
            [b'\'', .., b'\''] => !text.contains('\''),
            [b'"', .., b'"'] => {
                let rest = text.replace("\\$", "");
                !rest.contains(['"', '\\', '`', '$'])
            }
            _ => false,
        };
        plain.then_some(inside)
    }

    /// Reads `NAME=value`, if it is next.
    fn assignment(&mut self) -> Result<Option<Assignment>, Failure> {
        let start = self.at;
        let name = self.name().to_owned();
        if is_name(&name) && self.peek() == Some(b'[') {
            // A subscript reaches to the next bracket; nested ones are rare enough to be left alone.
            let length = self.rest().bytes().position(|byte| matches!(byte, b']' | b'\n'));
            self.at += length.map_or(0, |length| length + 1);
        }
        let append = self.peek() == Some(b'+') && self.peek_at(1) == Some(b'=');
        self.at += usize::from(append);
        if !is_name(&name) || self.peek() != Some(b'=') {
            self.at = start;
            return Ok(None);
        }
        self.at += 1;
        let value_start = self.at;
        let parts = if self.peek() == Some(b'(') { self.array()? } else { self.word()?.parts };
        let value = Word { span: Span::new(value_start, self.at), parts };
        Ok(Some(Assignment { span: Span::new(start, self.at), name, append, value }))
    }

    /// Reads `(word …)`.
    fn array(&mut self) -> Result<Vec<Part>, Failure> {
        self.at += 1;
        let mut parts = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return Err(Failure::Unterminated),
                Some(b')') => {
                    self.at += 1;
                    return Ok(parts);
                }
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.at = self.line_end(self.end),
                Some(_) => {
                    let word = self.word()?;
                    if word.span.is_empty() {
                        return Err(Failure::Unexpected);
                    }
                    if !parts.is_empty() {
                        parts.push(Part::Text { text: " ".to_owned(), quoted: false });
                    }
                    parts.extend(word.parts);
                }
            }
        }
    }

    /// Reads a redirection, if one is next.
    pub(super) fn redirection(
        &mut self,
        into: &mut Vec<Redirection>,
        pending: &mut Vec<Pending>,
    ) -> Result<bool, Failure> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count().min(4);
        let Some((operator, mut kind, default)) = OPERATORS
            .into_iter()
            .find(|(operator, ..)| self.rest()[digits..].starts_with(operator))
            .filter(|(operator, ..)| digits == 0 || !operator.starts_with('&'))
        else {
            return Ok(false);
        };
        let descriptor = self.rest()[..digits].parse().unwrap_or(default);
        self.at += digits + operator.len();
        if matches!(operator, "<" | ">") && self.peek() == Some(b'(') {
            // A process substitution is a word.
            self.at = start;
            return Ok(false);
        }
        self.skip_blanks();
        let mut target = self.word()?;
        if target.span.is_empty() {
            return Err(Failure::Unexpected);
        }
        if kind == RedirectionKind::Duplicate
            && operator == ">&"
            && !target.literal().is_some_and(|to| to.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
        {
            kind = RedirectionKind::OutputAndErrors;
        }
        let span = Span::new(start, self.at);
        if kind == RedirectionKind::HereDocument {
            let raw = &self.text[target.span.start..target.span.end];
            pending.push(Pending {
                command: 0,
                redirection: into.len(),
                delimiter: target.to_literal().unwrap_or_else(|| raw.to_owned()),
                strip_tabs: operator == "<<-",
                literal: raw.contains(['\'', '"', '\\']),
            });
            target = Word { span: Span::at(self.at), parts: Vec::new() };
        }
        into.push(Redirection { span, kind, descriptor, target });
        Ok(true)
    }

    /// Passes a line break and the here-documents that follow it.
    pub(super) fn line_break(&mut self) {
        self.at += 1;
        for pending in mem::take(&mut self.pending) {
            let start = self.at.min(self.end);
            let mut body_end = self.end;
            self.at = start;
            while self.at < self.end {
                let line_start = self.at;
                let line_end = self.line_end(self.end);
                let line = self.text[line_start..line_end].trim_end_matches('\r');
                let line = if pending.strip_tabs { line.trim_start_matches('\t') } else { line };
                self.at = line_end + 1;
                if line == pending.delimiter {
                    body_end = line_start;
                    break;
                }
            }
            let after = self.at.min(self.end);
            let span = Span::new(start, body_end.max(start));
            let parts = self.here_document(span, pending.literal);
            self.at = after;
            let redirection = self.commands.get_mut(pending.command).map(|command| &mut command.redirections);
            if let Some(redirection) = redirection.and_then(|all| all.get_mut(pending.redirection)) {
                redirection.target = Word { span, parts };
            }
        }
    }

    fn here_document(&mut self, span: Span, literal: bool) -> Vec<Part> {
        let commands = self.commands.len();
        let read = if literal {
            None
        } else {
            self.at = span.start;
            self.within(span.end, |parser| parser.parts(Stop::HereDocument)).ok()
        };
        read.unwrap_or_else(|| {
            self.commands.truncate(commands);
            self.levels.truncate(commands);
            vec![Part::Text { text: self.text[span.start..span.end].to_owned(), quoted: true }]
        })
    }

    /// `[[ … ]]`, whose operators are words.
    pub(super) fn test(&mut self, state: &mut State) -> Result<(), Failure> {
        let (start, first, context) = (self.at, self.commands.len(), self.current);
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return Err(Failure::Unterminated),
                Some(b';') => return Err(Failure::Unexpected),
                Some(b'\n' | b'&' | b'|' | b'<' | b'>' | b'(' | b')') => self.at += 1,
                Some(_) => {
                    let closes = self.plain_token() == "]]";
                    words.push(self.word()?);
                    if closes {
                        break;
                    }
                }
            }
        }
        let span = Span::new(start, self.at);
        self.push(bare(span, words, context), Vec::new());
        let before = mem::take(&mut state.before);
        self.finish(state, first, before, true)
    }
}

/// A command of words only.
pub(super) fn bare(span: Span, words: Vec<Word>, context: ExecutionContext) -> Command {
    let on_failure = OnFailure::Exits;
    Command { span, assignments: Vec::new(), words, redirections: Vec::new(), context, on_failure }
}

/// Operators, longest first, with what they do and the descriptor they mean.
const OPERATORS: [(&str, RedirectionKind, u32); 12] = [
    ("&>>", RedirectionKind::OutputAndErrors, 1),
    ("<<<", RedirectionKind::HereString, 0),
    ("<<-", RedirectionKind::HereDocument, 0),
    ("&>", RedirectionKind::OutputAndErrors, 1),
    ("<<", RedirectionKind::HereDocument, 0),
    ("<&", RedirectionKind::Duplicate, 0),
    ("<>", RedirectionKind::Output, 0),
    (">>", RedirectionKind::Append, 1),
    (">&", RedirectionKind::Duplicate, 1),
    (">|", RedirectionKind::Output, 1),
    ("<", RedirectionKind::Input, 0),
    (">", RedirectionKind::Output, 1),
];
