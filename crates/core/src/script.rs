//! A step's script, read as the shell reads it.
//!
//! The items of one `script` list are run in order by one shell, so they are parsed together: [`Script::parse`] takes
//! all of them and returns their commands in the order in which they run, each with its words, assignments,
//! redirections and the [`ExecutionContext`] it runs in. Nothing is executed or expanded here; the values of variables are tracked
//! by the facts of a step.
//!
//! A line that is not valid shell is added to [`Script::unparsed`] and parsing resumes after it, so that one
//! invalid line affects only itself.
//!
//! # Why not a library
//!
//! `brush-parser` 0.4.0 is the only published Bash parser for Rust with a suitable license. Measured before this
//! module was written (rustc 1.95, `opt-level = "z"`, fat LTO, brotli 11):
//!
//! - It alone makes 626 kB of WASM, 117 kB after brotli, of the 200 kB that the whole page may weigh. Its 77 crates
//!   include `insta`, `pest` and `tracing`, none of which can be switched off.
//! - `$(`, `${`, `{` or `if` nested ten thousand deep overflow its stack and abort the process. Here depth is bounded.
//! - One syntax error loses the whole script: there is no recovery at the next line.
//! - Its spans count characters, not bytes, and end at words: the inside of `"$(…)"` is a string to be parsed anew,
//!   whose offsets a caller would have to map back through the quoting.
//!
//! What is needed here is smaller than bash: structure and spans, no arithmetic, patterns or tests. This module, built
//! the same way and alone, is 76 kB, 28 kB after brotli, and reads a line in about 3 µs where the library takes 10.

mod builtin;
mod command;
mod compound;
mod invocation;
mod parser;
mod powershell;
pub mod programs;
pub mod runners;
mod word;

use std::{borrow::Cow, ops::Range};

pub use builtin::Effect;
pub use invocation::Invocation;
pub use powershell::POWERSHELL_SCOPE;

use crate::text::Span;

/// The commands of a script, in the order in which they run.
///
/// A command inside a command substitution precedes the command whose word contains it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Every simple command. `for NAME in …` and `case … in` appear as commands of that name, because their words
    /// read variables.
    pub commands: Vec<Command>,
    /// Lines that could not be read as shell, in order. No command comes from them.
    pub unparsed: Vec<Span>,
    text: String,
    item_starts: Vec<usize>,
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// From its first word to its last.
    pub span: Span,
    /// The `NAME=value` before it, or all of the command if [`Command::words`] is empty.
    pub assignments: Vec<Assignment>,
    /// Its name and arguments.
    pub words: Vec<Word>,
    /// Its redirections, those of the `{ … }` or `( … )` around it first.
    pub redirections: Vec<Redirection>,
    /// Where it runs.
    pub context: ExecutionContext,
    /// What the shell does when it fails, with `set -e`, which Bitbucket turns on.
    pub on_failure: OnFailure,
}

/// What a shell with `set -e` does when a command fails. Its place in a pipeline, of which only the last command counts,
/// is in [`ExecutionContext::output`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It stops.
    #[default]
    Exits,
    /// It skips the rest of the list, and goes on after it: a command before `&&`.
    SkipsList,
    /// It takes the failure for an answer: a condition, a command before `||` or after `!`.
    Decides,
    /// The command substitution around it fails, or goes on.
    Captured,
}

/// The circumstances under which a command runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecutionContext {
    /// Whether it runs in some runs only: after `||`, after `&&` behind a test, in a branch, a loop, a function. After
    /// `&&` behind any other command it is the rest of a step that has not failed.
    pub conditional: bool,
    /// Whether it runs in a subshell, so that the variables it sets are lost afterwards.
    pub subshell: bool,
    /// Where its standard output goes, unless one of its redirections changes that.
    pub output: Output,
}

/// Where standard output goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// To the step's log, which everyone with read access to the repository can open.
    #[default]
    Log,
    /// Into the command of this index.
    Pipe(usize),
    /// Into the word that contains the command substitution.
    Capture,
}

/// `NAME=value`, `NAME+=value` or `NAME=(value …)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// All of it.
    pub span: Span,
    /// The variable, without a subscript.
    pub name: String,
    /// Whether `+=` appends to the previous value.
    pub append: bool,
    /// The assigned value. The elements of an array are joined by a space.
    pub value: Word,
}

/// A word before expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Its text, quotes included.
    pub span: Span,
    /// What it is made of, in order; empty for `''`.
    pub parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Literal text, with quotes and escapes removed.
    Text {
        /// The text.
        text: String,
        /// Whether it was quoted or escaped, so that `~` and `*` are literal.
        quoted: bool,
    },
    /// `$NAME` or `${NAME…}`.
    Variable(Expansion),
    /// `$(…)` or backticks.
    Substitution {
        /// All of it.
        span: Span,
        /// Its commands, as indices into [`Script::commands`].
        commands: Range<usize>,
    },
    /// `$((…))`, `<(…)`, `>(…)`: something whose value is unknown.
    Other {
        /// All of it.
        span: Span,
        /// Commands of a process substitution; empty for arithmetic.
        commands: Range<usize>,
    },
}

/// A variable that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// From `$` to the end.
    pub span: Span,
    /// The name; a digit or a sign such as `?` for the shell's own parameters.
    pub name: String,
    /// Whether it is in double quotes or a here-document, where its value is not split.
    pub quoted: bool,
    /// What is done when it is unset, or with its value.
    pub operator: Operator,
}

/// The part of `${NAME…}` after the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `$NAME` or `${NAME}`.
    None,
    /// `${NAME:-word}`, also without the colon.
    Default(Word),
    /// `${NAME:=word}`.
    Assign(Word),
    /// `${NAME:+word}`.
    Alternative(Word),
    /// `${NAME:?word}`: the shell stops with an error when it is unset.
    Require(Word),
    /// Length, substring, pattern and the like, with the words inside.
    Other(Word),
    /// `${{NAME}}`: Bitbucket replaces it with the value of one of its own variables before any shell runs.
    Template,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    /// The operator and its target.
    pub span: Span,
    /// What it does.
    pub kind: RedirectionKind,
    /// The file descriptor before the operator, or the operator's own: 0 for input, 1 for output.
    pub descriptor: u32,
    /// The file, the descriptor, or the text of a here-document.
    pub target: Word,
}

/// What a redirection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectionKind {
    /// `< file`
    Input,
    /// `> file`, `>| file`, `<> file`
    Output,
    /// `>> file`
    Append,
    /// `&> file`, `>& file`: output and errors.
    OutputAndErrors,
    /// `>&2`, `<&3`, `>&-`
    Duplicate,
    /// `<<WORD` with its body as the target.
    HereDocument,
    /// `<<< word`
    HereString,
}

impl Script {
    /// Parses the items of a `script` list. An item that is not shell, such as a pipe, is passed as an empty string.
    ///
    /// Time and memory grow with the length of the text; nesting past 48 levels is left unparsed.
    pub fn parse<'t>(items: impl IntoIterator<Item = &'t str>) -> Self {
        let (text, item_starts) = join(items);
        let (commands, unparsed) = parser::parse(&text, &item_starts);
        Self { commands, unparsed, text, item_starts }
    }

    /// All of its text: the items, each on its own line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a range.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The item that a range starts in, and the range as offsets into that item's text.
    pub fn locate(&self, span: Span) -> (usize, Span) {
        let item = self.item_starts.partition_point(|&start| start <= span.start).saturating_sub(1);
        let start = self.item_starts.get(item).copied().unwrap_or_default();
        let end = self.item_starts.get(item + 1).map_or(self.text.len(), |next| next - 1);
        (item, Span::new(span.start - start, span.end.min(end).max(span.start) - start))
    }
}

/// The items, each on its own line, and where each begins.
fn join<'t>(items: impl IntoIterator<Item = &'t str>) -> (String, Vec<usize>) {
    let mut text = String::new();
    let mut item_starts = Vec::new();
    for item in items {
        if !item_starts.is_empty() {
            text.push('\n');
        }
        item_starts.push(text.len());
        text.push_str(item);
    }
    (text, item_starts)
}

impl Command {
    /// Its name if that is literal, including a path: `aws`, `./deploy.sh`.
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.words.first().and_then(Word::literal)
    }

    /// Every variable it reads, in its words, assignments and redirections. Those that a command substitution reads
    /// belong to the commands inside.
    pub fn expansions(&self) -> Vec<&Expansion> {
        let mut found = Vec::new();
        for assignment in &self.assignments {
            assignment.value.collect_expansions(&mut found);
        }
        for word in &self.words {
            word.collect_expansions(&mut found);
        }
        for redirection in &self.redirections {
            redirection.target.collect_expansions(&mut found);
        }
        found
    }

    /// The last redirection of standard output, which is the one that applies.
    pub fn output_redirection(&self) -> Option<&Redirection> {
        self.redirections.iter().rev().find(|redirection| redirection.takes_output())
    }

    /// Whether what it prints can be read in the step's log.
    pub fn prints_to_log(&self) -> bool {
        match self.output_redirection() {
            None => self.context.output == Output::Log,
            // `>&2` and `> /dev/stderr` end in the log as well.
            Some(redirection) => match redirection.kind {
                RedirectionKind::Duplicate => redirection.target.literal().is_some_and(|to| to == "1" || to == "2"),
                _ => redirection.target.literal().is_some_and(|to| to == "/dev/stdout" || to == "/dev/stderr"),
            },
        }
    }
}

impl Redirection {
    fn takes_output(&self) -> bool {
        self.kind == RedirectionKind::OutputAndErrors
            || self.descriptor == 1
                && matches!(self.kind, RedirectionKind::Output | RedirectionKind::Append | RedirectionKind::Duplicate)
    }
}

impl Word {
    /// Reads a string in which only variables are expanded, such as a variable of a pipe.
    pub fn template(text: &str) -> Self {
        parser::template(text)
    }

    /// Its value if nothing in it is expanded.
    pub fn literal(&self) -> Option<Cow<'_, str>> {
        // Most words are one piece, and this is asked of every word many times.
        if let [Part::Text { text, .. }] = self.parts.as_slice() {
            return Some(Cow::Borrowed(text));
        }
        let mut literal = String::new();
        for part in &self.parts {
            let Part::Text { text, .. } = part else { return None };
            literal.push_str(text);
        }
        Some(Cow::Owned(literal))
    }

    /// Its value if nothing in it is expanded, apart from the word.
    pub fn to_literal(&self) -> Option<String> {
        self.literal().map(Cow::into_owned)
    }

    /// Its literal prefix, up to the first expansion.
    pub fn prefix(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text { text, .. }) => text,
            _ => "",
        }
    }

    /// The variable, when the word is one expansion and nothing else: `$X`, `"${X:-d}"`.
    pub fn variable(&self) -> Option<&Expansion> {
        match self.parts.as_slice() {
            [Part::Variable(expansion)] => Some(expansion),
            _ => None,
        }
    }

    /// Every variable it reads, those in `${X:-$Y}` included.
    pub fn expansions(&self) -> Vec<&Expansion> {
        let mut found = Vec::new();
        self.collect_expansions(&mut found);
        found
    }

    fn collect_expansions<'w>(&'w self, found: &mut Vec<&'w Expansion>) {
        for part in &self.parts {
            if let Part::Variable(expansion) = part {
                found.push(expansion);
                if let Some(word) = expansion.operator.word() {
                    word.collect_expansions(found);
                }
            }
        }
    }

    /// The word without a literal prefix: the value of `--region=eu-west-1`.
    pub fn strip_prefix(&self, prefix: &str) -> Option<Self> {
        let (Part::Text { text, quoted }, rest) = self.parts.split_first()? else { return None };
        let text = text.strip_prefix(prefix)?.to_owned();
        let mut parts = Vec::with_capacity(self.parts.len());
        if !text.is_empty() {
            parts.push(Part::Text { text, quoted: *quoted });
        }
        parts.extend_from_slice(rest);
        Some(Self { span: self.span, parts })
    }

    /// Reads the word as `NAME=value` or `NAME+=value`, as `export`, `declare` and `env` do.
    pub fn as_assignment(&self) -> Option<Assignment> {
        let (name, append) = self.assigned()?;
        let left = name.len() + usize::from(append);
        let value = self.strip_prefix(&self.prefix()[..=left])?;
        Some(Assignment { span: self.span, name: name.to_owned(), append, value })
    }

    /// The variable that the word assigns, if it has the form of an assignment.
    pub fn assigned_name(&self) -> Option<&str> {
        self.assigned().map(|(name, _)| name)
    }

    /// The name before the `=`, and whether a `+` is between the two.
    fn assigned(&self) -> Option<(&str, bool)> {
        let (left, _) = self.prefix().split_once('=')?;
        let (name, append) = left.strip_suffix('+').map_or((left, false), |name| (name, true));
        is_name(name).then_some((name, append))
    }
}

impl Operator {
    /// The word after the operator.
    pub fn word(&self) -> Option<&Word> {
        match self {
            Self::None | Self::Template => None,
            Self::Default(word)
            | Self::Assign(word)
            | Self::Alternative(word)
            | Self::Require(word)
            | Self::Other(word) => Some(word),
        }
    }
}

impl Expansion {
    /// Whether it is one of the shell's own parameters, such as `$1`, `$?` or `$@`.
    pub fn is_special(&self) -> bool {
        !is_name(&self.name)
    }
}

/// Whether a string is a variable name: letters, digits and `_`, not starting with a digit.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
