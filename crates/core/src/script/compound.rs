//! Structure: lists, pipelines and compound commands, and so where each command runs.
//!
//! Compound commands do not form a tree: an `if`, a loop, a subshell is a [`Frame`] on a stack while its
//! commands are read, and leaves its mark in their [`ExecutionContext`]. A nested text (`$(…)`, backticks) is read by the same
//! loop with its own stack.

use std::mem;

use super::{
    Command, ExecutionContext, OnFailure, Output, Redirection, Word,
    command::bare,
    parser::{DEPTH, Failure, Parser},
};
use crate::text::Span;

/// Commands whose failure answers a question.
const TESTS: [&str; 9] = ["[", "[[", "test", "grep", "command", "which", "type", "false", "diff"];

/// What precedes the element that is read next.
#[derive(Clone, Copy, Default)]
pub(super) struct Before {
    /// `||`, or `&&` behind a test, here or earlier in the same list.
    pub(super) chained: bool,
    /// `|`, with the commands before it.
    pub(super) piped: Option<(usize, usize)>,
    /// `name()`, so that the body runs when it is called.
    pub(super) function: bool,
    /// The first command of the list of `&&` and `||` that it belongs to, if it is not that one itself.
    pub(super) list: Option<usize>,
    /// `!`, so that its failure is an answer.
    pub(super) negated: bool,
}

/// A compound command that is open.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Where its first word starts.
    pub(super) start: usize,
    /// How many commands there were before it.
    pub(super) first: usize,
    /// Whether what is being read inside it runs only sometimes.
    pub(super) conditional: bool,
    /// The first command of the condition that is being read.
    pub(super) condition: Option<usize>,
    pub(super) before: Before,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    If,
    Loop,
    /// `case`, between arms: a pattern comes next.
    CasePattern,
    /// `case`, inside an arm.
    CaseArm,
    Brace,
    Paren,
}

/// The state of the parser between two elements.
#[derive(Default)]
pub(super) struct State {
    pub(super) frames: Vec<Frame>,
    pub(super) before: Before,
}

impl Parser<'_> {
    /// Reads elements up to the end of the text or, in brackets, up to the bracket that closes them. After a failure
    /// the cursor is at the start of the element that failed, and nothing of it is kept.
    pub(super) fn list(&mut self, state: &mut State, bracketed: bool) -> Result<(), Failure> {
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
        self.current = self.context(state);
        if kind == Some(Kind::CasePattern) && self.plain_token() != "esac" {
            return self.pattern(state);
        }
        match byte {
            b'(' if self.peek_at(1) == Some(b'(') && self.arithmetic(self.at + 2) => {
                let before = mem::take(&mut state.before);
                return self.finish(state, self.commands.len(), before, true);
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
                self.end_condition(state);
                enter(state, &[Kind::If], Kind::If)?;
                if let Some(frame) = state.frames.last_mut().filter(|_| token == "elif") {
                    frame.condition = Some(self.commands.len());
                }
                Ok(())
            }
            "fi" => self.close(state, &[Kind::If], token),
            "while" | "until" => self.open(state, Kind::Loop, token),
            "for" | "select" => self.for_head(state),
            "do" => {
                self.at += token.len();
                self.end_condition(state);
                enter(state, &[Kind::Loop], Kind::Loop)
            }
            "done" => self.close(state, &[Kind::Loop], token),
            "case" => self.case_head(state),
            "esac" => self.close(state, &[Kind::CaseArm, Kind::CasePattern], token),
            "{" => self.open(state, Kind::Brace, token),
            "}" => self.close(state, &[Kind::Brace], token),
            "!" | "time" => {
                self.at += token.len();
                state.before.negated |= token == "!";
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
    fn context(&self, state: &State) -> ExecutionContext {
        let ExecutionContext { conditional, subshell, output } = self.around;
        ExecutionContext {
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
        // Commands inside a conditional command are conditional too.
        let conditional = before.function || before.chained;
        let first = self.commands.len();
        let condition = matches!(kind, Kind::If | Kind::Loop).then_some(first);
        state.frames.push(Frame { kind, start: self.at, first, conditional, condition, before });
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
        self.redirect(frame.first, &redirections);
        self.finish(state, frame.first, frame.before, self.is_test(frame.first))
    }

    /// Applies what redirects the output of a group to its commands from `first` on.
    pub(super) fn redirect(&mut self, first: usize, redirections: &[Redirection]) {
        if let Some(output) = redirections.iter().rev().find(|redirection| redirection.takes_output()) {
            for index in first..self.commands.len() {
                if self.writes_on(index) {
                    self.commands[index].redirections.insert(0, output.clone());
                }
            }
        }
    }

    /// Whether the output of a command goes where the text being read sends it.
    fn writes_on(&self, index: usize) -> bool {
        let command = &self.commands[index];
        self.levels[index] == self.level
            && command.context.output == self.around.output
            && command.output_redirection().is_none()
    }

    /// After an element whose commands begin at `first`: joins it to the pipeline before it and reads the operator. `asks`
    /// says whether its failure is an answer.
    pub(super) fn finish(
        &mut self,
        state: &mut State,
        first: usize,
        before: Before,
        asks: bool,
    ) -> Result<(), Failure> {
        let element = (first, self.commands.len());
        let list = before.list.unwrap_or(first);
        if let Some((start, end)) = before.piped
            && first < self.commands.len()
        {
            for index in start..end {
                if self.writes_on(index) {
                    self.commands[index].context.output = Output::Pipe(first);
                }
            }
        }
        self.skip_blanks();
        let rest = self.rest().as_bytes();
        let (length, chained, piped) = match rest {
            [] | [b'\n' | b')' | b'#', ..] | [b';', b';' | b'&', ..] => (0, false, None),
            [b'|', b'|', ..] => (2, true, None),
            [b'&', b'&', ..] => (2, before.chained || asks, None),
            [b'|', b'&', ..] => (2, before.chained, Some(element)),
            [b'|', ..] => (1, before.chained, Some(element)),
            [b';' | b'&', ..] => (1, false, None),
            _ => return Err(Failure::Unexpected),
        };
        if piped.is_some() || (length == 1 && rest[0] == b'&') {
            for command in &mut self.commands[first..] {
                command.context.subshell = true;
            }
        }
        let joins = length == 2 && !rest.starts_with(b"|&");
        if before.negated || joins && rest[0] == b'|' {
            self.set_on_failure(if joins { list } else { first }, OnFailure::Decides);
        } else if joins {
            self.set_on_failure(first, OnFailure::SkipsList);
        }
        // Behind `||`, what comes before it is decided.
        let list = if joins && rest[0] == b'|' { self.commands.len() } else { list };
        self.at += length;
        let list = (joins || piped.is_some()).then_some(list);
        let negated = before.negated && piped.is_some();
        state.before = Before { chained, piped, function: false, list, negated };
        Ok(())
    }

    /// Says what happens when the commands from `first` on fail, where nothing inside them has decided it.
    fn set_on_failure(&mut self, first: usize, to: OnFailure) {
        for (command, level) in self.commands[first..].iter_mut().zip(&self.levels[first..]) {
            let open = match command.on_failure {
                OnFailure::Exits => true,
                OnFailure::SkipsList => to == OnFailure::Decides,
                OnFailure::Decides | OnFailure::Captured => false,
            };
            if open && *level == self.level {
                command.on_failure = to;
            }
        }
    }

    /// The condition of an `if` or a loop ends here.
    fn end_condition(&mut self, state: &mut State) {
        if let Some(first) = state.frames.last_mut().and_then(|frame| frame.condition.take()) {
            self.set_on_failure(first, OnFailure::Decides);
        }
    }

    /// Whether the element that begins with a command asks a question, so that its failure is an answer.
    pub(super) fn is_test(&self, first: usize) -> bool {
        let name = self.commands.get(first).and_then(Command::name);
        self.commands.len() != first + 1 || name.is_some_and(|name| TESTS.contains(&&*name))
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
        let context = self.current;
        self.push(bare(span, words, context), Vec::new());
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
}

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
