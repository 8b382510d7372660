//! Structure: which commands there are, in which order, and where each runs.
//!
//! Compound commands keep no tree of their own: an `if`, a loop, a subshell is a [`Frame`] on a stack while its
//! commands are read, and leaves its mark in their [`Place`]. A nested text (`$(…)`, backticks) is read by the same
//! loop with a stack of its own.

use std::{mem, ops::Range};

use super::{Assignment, Command, Output, Part, Place, Redirection, RedirectionKind, Word, is_name, word::Stop};
use crate::source::Span;

/// Nesting allowed inside words and between compound commands, each.
const DEPTH: usize = 48;

/// Builtins whose `NAME=(…)` arguments are arrays.
const DECLARATIONS: [&str; 5] = ["export", "declare", "local", "readonly", "typeset"];

/// Commands whose failure answers a question.
const TESTS: [&str; 9] = ["[", "[[", "test", "grep", "command", "which", "type", "false", "diff"];

/// Why a line is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A quote, a brace or a bracket is not closed before the text ends.
    Unterminated,
    /// A word or sign stands where the grammar has no place for it.
    Unexpected,
    /// Nesting past [`DEPTH`].
    TooDeep,
}

/// What stands before the element that is read next.
#[derive(Clone, Copy, Default)]
struct Before {
    /// `||`, or `&&` behind a test, here or earlier in the same list.
    chained: bool,
    /// `|`, with the commands before it.
    piped: Option<(usize, usize)>,
    /// `name()`, so that the body runs when it is called.
    function: bool,
}

/// A compound command that is open.
#[derive(Clone, Copy)]
struct Frame {
    kind: Kind,
    /// Where its first word begins.
    start: usize,
    /// How many commands there were before it.
    first: usize,
    /// Whether what is being read inside it runs only sometimes.
    conditional: bool,
    before: Before,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    If,
    Loop,
    /// `case`, between arms: a pattern comes next.
    CasePattern,
    /// `case`, inside an arm.
    CaseArm,
    Brace,
    Paren,
}

/// Where reading stands between two elements.
#[derive(Default)]
struct State {
    frames: Vec<Frame>,
    before: Before,
}

/// A here-document whose body follows the line.
struct Pending {
    command: usize,
    redirection: usize,
    delimiter: String,
    strip_tabs: bool,
    literal: bool,
}

/// The cursor and what has been read.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// The byte that must not be passed.
    pub(super) end: usize,
    commands: Vec<Command>,
    /// How many substitutions are around each command.
    levels: Vec<usize>,
    level: usize,
    pending: Vec<Pending>,
    depth: usize,
    /// Where the text being read runs.
    around: Place,
    /// Where the command being read runs.
    current: Place,
}

/// The commands of a text, and the lines that could not be read.
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

/// A text read as the inside of double quotes; what cannot be read so is plain text.
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
            around: Place::default(),
            current: Place::default(),
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
        self.nested(|parser| parser.list(&mut State::default(), false))
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<Range<usize>, Failure> {
        let first = self.commands.len();
        let current = self.current;
        let inside = Place { conditional: current.conditional, subshell: true, output: Output::Capture };
        let around = mem::replace(&mut self.around, inside);
        let pending = mem::take(&mut self.pending);
        self.level += 1;
        let result = self.deeper(read);
        self.level -= 1;
        self.pending = pending;
        self.around = around;
        self.current = current;
        result.map(|()| first..self.commands.len())
    }

    /// Reads elements up to the end of the text or, in brackets, up to the bracket that closes them. After a failure
    /// the cursor stands where the element that failed begins, and nothing of it is left.
    fn list(&mut self, state: &mut State, bracketed: bool) -> Result<(), Failure> {
        loop {
            self.skip_blanks();
            match self.peek() {
                None if bracketed => return Err(Failure::Unterminated),
                None => return Ok(()),
                Some(b')') if bracketed && state.frames.is_empty() => return Ok(()),
                Some(b'\n') => self.line_break(),
                Some(b'#') => self.at = self.line_end(self.end),
                Some(byte) => {
                    let (start, commands, pending) = (self.at, self.commands.len(), self.pending.len());
                    if let Err(failure) = self.element(state, byte) {
                        self.at = start;
                        self.commands.truncate(commands);
                        self.levels.truncate(commands);
                        self.pending.truncate(pending);
                        state.before = Before::default();
                        return Err(failure);
                    }
                }
            }
        }
    }

    /// Reads a simple command, or one of the words and signs that open, divide or close a compound command.
    fn element(&mut self, state: &mut State, byte: u8) -> Result<(), Failure> {
        let kind = state.frames.last().map(|frame| frame.kind);
        self.current = self.place(state);
        if kind == Some(Kind::CasePattern) && self.plain_token() != "esac" {
            return self.pattern(state);
        }
        match byte {
            b'(' if self.peek_at(1) == Some(b'(') && self.arithmetic(self.at + 2) => {
                let before = mem::take(&mut state.before);
                return self.finish(state, self.commands.len(), before);
            }
            b'(' => return self.open(state, Kind::Paren, "("),
            b')' => return self.close(state, &[Kind::Paren], ")"),
            b';' if kind == Some(Kind::CaseArm) && matches!(self.peek_at(1), Some(b';' | b'&')) => {
                self.at += 2 + usize::from(self.peek_at(2) == Some(b'&'));
                return enter(state, &[Kind::CaseArm], Kind::CasePattern);
            }
            b';' | b'|' => return Err(Failure::Unexpected),
            b'&' if self.peek_at(1) != Some(b'>') => return Err(Failure::Unexpected),
            _ => {}
        }
        let token = self.plain_token();
        match token {
            "if" => self.open(state, Kind::If, token),
            "then" | "elif" | "else" => {
                self.at += token.len();
                enter(state, &[Kind::If], Kind::If)
            }
            "fi" => self.close(state, &[Kind::If], token),
            "while" | "until" => self.open(state, Kind::Loop, token),
            "for" | "select" => self.for_head(state),
            "do" => {
                self.at += token.len();
                enter(state, &[Kind::Loop], Kind::Loop)
            }
            "done" => self.close(state, &[Kind::Loop], token),
            "case" => self.case_head(state),
            "esac" => self.close(state, &[Kind::CaseArm, Kind::CasePattern], token),
            "{" => self.open(state, Kind::Brace, token),
            "}" => self.close(state, &[Kind::Brace], token),
            "!" | "time" => {
                self.at += token.len();
                Ok(())
            }
            "function" => {
                self.at += token.len();
                self.skip_blanks();
                self.at += self.plain_token().len();
                self.skip_blanks();
                if self.rest().starts_with("()") {
                    self.at += 2;
                }
                state.before.function = true;
                Ok(())
            }
            "[[" => self.test(state),
            _ => self.simple(state),
        }
    }

    /// Where a command that begins here runs.
    fn place(&self, state: &State) -> Place {
        let Place { conditional, subshell, output } = self.around;
        Place {
            conditional: conditional || state.before.chained || state.frames.iter().any(|frame| frame.conditional),
            subshell: subshell
                || state.before.piped.is_some()
                || state.frames.iter().any(|frame| frame.kind == Kind::Paren || frame.before.piped.is_some()),
            output,
        }
    }

    fn open(&mut self, state: &mut State, kind: Kind, token: &str) -> Result<(), Failure> {
        if state.frames.len() == DEPTH {
            return Err(Failure::TooDeep);
        }
        let before = mem::take(&mut state.before);
        // What may not run at all has an inside that may not run.
        let conditional = before.function || before.chained;
        state.frames.push(Frame { kind, start: self.at, first: self.commands.len(), conditional, before });
        self.at += token.len();
        Ok(())
    }

    fn close(&mut self, state: &mut State, kinds: &[Kind], token: &str) -> Result<(), Failure> {
        let Some(frame) = state.frames.pop_if(|frame| kinds.contains(&frame.kind)) else {
            return Err(Failure::Unexpected);
        };
        self.at += token.len();
        let mut redirections = Vec::new();
        let mut pending = Vec::new();
        loop {
            self.skip_blanks();
            if !self.redirection(&mut redirections, &mut pending)? {
                break;
            }
        }
        if let Some(output) = redirections.iter().rev().find(|redirection| redirection.takes_output()) {
            for index in frame.first..self.commands.len() {
                if self.writes_on(index) {
                    self.commands[index].redirections.insert(0, output.clone());
                }
            }
        }
        self.finish(state, frame.first, frame.before)
    }

    /// Whether the output of a command goes where the text being read sends it.
    fn writes_on(&self, index: usize) -> bool {
        let command = &self.commands[index];
        self.levels[index] == self.level
            && command.place.output == self.around.output
            && command.output_redirection().is_none()
    }

    /// After an element whose commands begin at `first`: joins it to the pipeline before it and reads the operator.
    fn finish(&mut self, state: &mut State, first: usize, before: Before) -> Result<(), Failure> {
        let element = (first, self.commands.len());
        if let Some((start, end)) = before.piped
            && first < self.commands.len()
        {
            for index in start..end {
                if self.writes_on(index) {
                    self.commands[index].place.output = Output::Pipe(first);
                }
            }
        }
        self.skip_blanks();
        let rest = self.rest().as_bytes();
        let (length, chained, piped) = match rest {
            [] | [b'\n' | b')' | b'#', ..] | [b';', b';' | b'&', ..] => (0, false, None),
            [b'|', b'|', ..] => (2, true, None),
            [b'&', b'&', ..] => (2, before.chained || self.is_test(first), None),
            [b'|', b'&', ..] => (2, before.chained, Some(element)),
            [b'|', ..] => (1, before.chained, Some(element)),
            [b';' | b'&', ..] => (1, false, None),
            _ => return Err(Failure::Unexpected),
        };
        if piped.is_some() || (length == 1 && rest[0] == b'&') {
            for command in &mut self.commands[first..] {
                command.place.subshell = true;
            }
        }
        self.at += length;
        state.before = Before { chained, piped, function: false };
        Ok(())
    }

    /// Whether the element that begins with a command asks a question, so that its failure is an answer.
    fn is_test(&self, first: usize) -> bool {
        let name = self.commands.get(first).and_then(Command::name);
        self.commands.len() != first + 1 || name.is_some_and(|name| TESTS.contains(&name.as_str()))
    }

    fn push(&mut self, command: Command, pending: Vec<Pending>) {
        let index = self.commands.len();
        self.pending.extend(pending.into_iter().map(|pending| Pending { command: index, ..pending }));
        self.commands.push(command);
        self.levels.push(self.level);
    }

    fn simple(&mut self, state: &mut State) -> Result<(), Failure> {
        let (start, first, place) = (self.at, self.commands.len(), self.current);
        let mut command = Command {
            span: Span::at(start),
            assignments: Vec::new(),
            words: Vec::new(),
            redirections: Vec::new(),
            place,
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
                && command.name().is_some_and(|name| DECLARATIONS.contains(&name.as_str()))
            {
                word.parts.extend(self.array()?);
                word.span.end = self.at;
            }
            command.words.push(word);
        }
        self.push(command, pending);
        let before = mem::take(&mut state.before);
        self.finish(state, first, before)
    }

    /// Reads `NAME=value` when that is what stands here.
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

    /// Reads a redirection when one stands here.
    fn redirection(&mut self, into: &mut Vec<Redirection>, pending: &mut Vec<Pending>) -> Result<bool, Failure> {
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
                delimiter: target.literal().unwrap_or_else(|| raw.to_owned()),
                strip_tabs: operator == "<<-",
                literal: raw.contains(['\'', '"', '\\']),
            });
            target = Word { span: Span::at(self.at), parts: Vec::new() };
        }
        into.push(Redirection { span, kind, descriptor, target });
        Ok(true)
    }

    /// Passes a line break and the here-documents that follow it.
    fn line_break(&mut self) {
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

    fn for_head(&mut self, state: &mut State) -> Result<(), Failure> {
        let start = self.at;
        let first = self.commands.len();
        let mut words = vec![self.word()?];
        self.skip_blanks();
        if self.rest().starts_with("((") {
            if !self.arithmetic(self.at + 2) {
                return Err(Failure::Unterminated);
            }
        } else {
            loop {
                self.skip_blanks();
                if matches!(self.peek(), None | Some(b'\n' | b';')) {
                    break;
                }
                let word = self.word()?;
                if word.span.is_empty() {
                    return Err(Failure::Unexpected);
                }
                words.push(word);
            }
        }
        self.head(words, start);
        self.open_after_head(state, Kind::Loop, start, first)?;
        self.skip_blanks();
        if self.peek() == Some(b';') {
            self.at += 1;
        }
        Ok(())
    }

    fn case_head(&mut self, state: &mut State) -> Result<(), Failure> {
        let start = self.at;
        let first = self.commands.len();
        let mut words = vec![self.word()?];
        for _ in 0..2 {
            self.skip_blanks();
            words.push(self.word()?);
        }
        if words[2].literal().as_deref() != Some("in") {
            return Err(Failure::Unexpected);
        }
        self.head(words, start);
        self.open_after_head(state, Kind::CasePattern, start, first)
    }

    fn head(&mut self, words: Vec<Word>, start: usize) {
        let span = Span::new(start, self.at);
        let place = self.current;
        self.push(Command { span, assignments: Vec::new(), words, redirections: Vec::new(), place }, Vec::new());
    }

    fn open_after_head(&mut self, state: &mut State, kind: Kind, start: usize, first: usize) -> Result<(), Failure> {
        self.open(state, kind, "")?;
        if let Some(frame) = state.frames.last_mut() {
            (frame.start, frame.first) = (start, first);
            frame.conditional |= kind == Kind::CasePattern;
        }
        Ok(())
    }

    /// The patterns before an arm of `case`.
    fn pattern(&mut self, state: &mut State) -> Result<(), Failure> {
        if self.peek() == Some(b'(') {
            self.at += 1;
        }
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return enter(state, &[Kind::CasePattern], Kind::CaseArm);
                }
                Some(b'|') => self.at += 1,
                None => return Err(Failure::Unterminated),
                Some(_) => {
                    if self.word()?.span.is_empty() {
                        return Err(Failure::Unexpected);
                    }
                }
            }
        }
    }

    /// `[[ … ]]`, whose operators are words.
    fn test(&mut self, state: &mut State) -> Result<(), Failure> {
        let (start, first, place) = (self.at, self.commands.len(), self.current);
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
        self.push(Command { span, assignments: Vec::new(), words, redirections: Vec::new(), place }, Vec::new());
        let before = mem::take(&mut state.before);
        self.finish(state, first, before)
    }

    /// The text here up to a blank, a quote, an expansion or an operator.
    fn plain_token(&self) -> &'t str {
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

    /// The end of the line that the cursor stands on, not past `limit`.
    fn line_end(&self, limit: usize) -> usize {
        self.text[self.at..limit].find('\n').map_or(limit, |length| self.at + length)
    }
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

/// Passes from one part of the innermost compound command to the next.
fn enter(state: &mut State, from: &[Kind], to: Kind) -> Result<(), Failure> {
    match state.frames.last_mut() {
        Some(frame) if from.contains(&frame.kind) => {
            frame.kind = to;
            frame.conditional = true;
            state.before = Before::default();
            Ok(())
        }
        _ => Err(Failure::Unexpected),
    }
}
