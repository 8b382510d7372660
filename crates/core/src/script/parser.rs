//! The cursor, and what bounds it: items, lines, nesting.
//!
//! Structure is read in [`super::compound`], one command at a time in [`super::command`], its words in [`super::word`].

use std::{mem, ops::Range};

use super::{
    Command, ExecutionContext, OnFailure, Output, Part, Word, command::Pending, compound::State, powershell, word::Stop,
};
use crate::text::Span;

/// Nesting allowed inside words and between compound commands, each.
pub(super) const DEPTH: usize = 48;

/// Why a line is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// An unclosed quote, brace or bracket.
    Unterminated,
    /// A word or operator where the grammar does not allow it.
    Unexpected,
    /// Nesting past [`DEPTH`].
    TooDeep,
}

/// The cursor and what has been read.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// The byte that must not be passed.
    pub(super) end: usize,
    pub(super) commands: Vec<Command>,
    /// How many substitutions are around each command.
    pub(super) levels: Vec<usize>,
    pub(super) level: usize,
    pub(super) pending: Vec<Pending>,
    pub(super) depth: usize,
    /// Where the text being read runs.
    pub(super) around: ExecutionContext,
    /// Where the command being read runs.
    pub(super) current: ExecutionContext,
}

/// The commands of a script, and the lines that could not be read.
///
/// An item is read as a whole. After a failure the rest of it is read line by line, so that an open quote costs its
/// line only, and no line is read more than twice.
pub(super) fn parse(text: &str, item_starts: &[usize]) -> (Vec<Command>, Vec<Span>) {
    let mut parser = Parser::new(text, 0);
    let mut state = State::default();
    let mut unparsed = Vec::new();
    for (index, &start) in item_starts.iter().enumerate() {
        let item_end = item_starts.get(index + 1).map_or(text.len(), |next| next - 1);
        let mut by_line = false;
        parser.at = start;
        while parser.at < item_end {
            parser.end = if by_line { parser.line_end(item_end) } else { item_end };
            match parser.list(&mut state, false) {
                Err(_) if !by_line => by_line = true,
                Err(_) => {
                    let end = parser.line_end(item_end);
                    unparsed.push(trimmed(text, parser.at, end));
                    parser.at = end;
                }
                Ok(()) if parser.at < item_end => {
                    parser.end = item_end;
                    parser.line_break();
                }
                Ok(()) => {}
            }
        }
        parser.pending.clear();
    }
    unparsed.extend(state.frames.iter().map(|frame| {
        let end = text[frame.start..].find('\n').map_or(text.len(), |length| frame.start + length);
        trimmed(text, frame.start, end)
    }));
    unparsed.sort_unstable();
    (parser.commands, unparsed)
}

/// A string read as the inside of double quotes; what cannot be parsed is literal.
pub(super) fn template(text: &str) -> Word {
    let parts = Parser::new(text, text.len()).parts(Stop::HereDocument);
    let parts = parts.unwrap_or_else(|_| vec![Part::Text { text: text.to_owned(), quoted: true }]);
    Word { span: Span::new(0, text.len()), parts }
}

fn trimmed(text: &str, start: usize, end: usize) -> Span {
    Span::new(start, start + text[start..end].trim_end().len())
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, end: usize) -> Self {
        Self {
            text,
            at: 0,
            end,
            commands: Vec::new(),
            levels: Vec::new(),
            level: 0,
            pending: Vec::new(),
            depth: 0,
            around: ExecutionContext::default(),
            current: ExecutionContext::default(),
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end { self.text.as_bytes().get(at).copied() } else { None }
    }

    pub(super) fn peek_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    /// Passes blanks and continued lines.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    /// Runs `read` one level deeper, or refuses.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        if self.depth == DEPTH {
            return Err(Failure::TooDeep);
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Runs `read` with the text ending at `end`.
    pub(super) fn within<T>(&mut self, end: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = mem::replace(&mut self.end, end);
        let result = read(self);
        self.end = outer;
        result
    }

    /// Reads the inside of `$(` or `<(` and its closing bracket.
    pub(super) fn substituted(&mut self) -> Result<Range<usize>, Failure> {
        let commands = self.nested(|parser| parser.list(&mut State::default(), true))?;
        self.at += 1;
        Ok(commands)
    }

    /// Reads the inside of backticks, whose end is the end of the text.
    pub(super) fn substituted_to_end(&mut self) -> Result<Range<usize>, Failure> {
        self.nested(Self::whole)
    }

    /// Reads the script of `sh -c 'script'`, whose commands run in their own shell and print where the shell prints.
    /// What is not valid shell is ignored.
    pub(super) fn inline(&mut self, script: Span) {
        let (commands, at) = (self.commands.len(), self.at);
        let inside = ExecutionContext { subshell: true, ..self.current };
        self.at = script.start;
        if self.within(script.end, |parser| parser.nested_in(inside, Self::whole)).is_err() {
            self.commands.truncate(commands);
            self.levels.truncate(commands);
        }
        self.at = at;
    }

    /// Reads the script of `pwsh -Command 'script'`, whose commands run in their own process.
    pub(super) fn inline_powershell(&mut self, script: Span) {
        let inside = ExecutionContext { subshell: true, ..self.current };
        self.commands = powershell::inline(self.text, script, inside, mem::take(&mut self.commands));
        self.levels.resize(self.commands.len(), self.level);
    }

    fn whole(&mut self) -> Result<(), Failure> {
        self.list(&mut State::default(), false)
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<Range<usize>, Failure> {
        let inside =
            ExecutionContext { conditional: self.current.conditional, subshell: true, output: Output::Capture };
        self.level += 1;
        let result = self.nested_in(inside, read);
        self.level -= 1;
        if let Ok(commands) = &result {
            self.commands[commands.clone()].iter_mut().for_each(|command| command.on_failure = OnFailure::Captured);
        }
        result
    }

    /// Reads commands nested in the one being read.
    fn nested_in(
        &mut self,
        inside: ExecutionContext,
        read: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<Range<usize>, Failure> {
        let first = self.commands.len();
        let current = self.current;
        let around = mem::replace(&mut self.around, inside);
        let pending = mem::take(&mut self.pending);
        let result = self.deeper(read);
        self.pending = pending;
        self.around = around;
        self.current = current;
        result.map(|()| first..self.commands.len())
    }

    /// The text here up to a blank, a quote, an expansion or an operator.
    pub(super) fn plain_token(&self) -> &'t str {
        let rest = self.rest();
        let length = rest
            .bytes()
            .position(|byte| {
                matches!(
                    byte,
                    b' ' | b'\t'
                        | b'\r'
                        | b'\n'
                        | b';'
                        | b'|'
                        | b'&'
                        | b'('
                        | b')'
                        | b'<'
                        | b'>'
                        | b'"'
                        | b'\''
                        | b'\\'
                        | b'$'
                        | b'`'
                )
            })
            .unwrap_or(rest.len());
        &rest[..length]
    }

    /// The end of the line that the cursor is on, at most `limit`.
    pub(super) fn line_end(&self, limit: usize) -> usize {
        self.text[self.at..limit].find('\n').map_or(limit, |length| self.at + length)
    }
}
