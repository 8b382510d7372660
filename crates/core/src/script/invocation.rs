//! The program that a command starts, seen through `sudo`, `env`, `timeout` and the like.

use std::borrow::Cow;

use super::{
    Assignment, Command, Script, Word,
    runners::{Kind, runs},
};
use crate::text::Span;

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation<'c> {
    /// The program without its directory.
    pub program: Cow<'c, str>,
    /// The program as written.
    pub path: Cow<'c, str>,
    /// From the program to the last argument.
    pub span: Span,
    /// Its arguments.
    pub arguments: &'c [Word],
    /// Variables set only for it, by `NAME=value` or `env`.
    pub environment: Vec<Assignment>,
}

/// Programs that start another one, with their options that take a value and the number of words that come before the
/// program.
const WRAPPERS: [(&str, &[&str], usize); 13] = [
    ("builtin", &[], 0),
    ("command", &[], 0),
    ("doas", &["-u"], 0),
    ("env", &["-u", "--unset", "-C", "--chdir"], 0),
    ("exec", &["-a"], 0),
    ("nice", &["-n"], 0),
    ("nohup", &[], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("sudo", &["-u", "--user", "-g", "--group", "-C"], 0),
    ("time", &["-f", "-o"], 0),
    ("timeout", &["-s", "--signal", "-k", "--kill-after"], 1),
    ("unbuffer", &[], 0),
    ("xargs", &["-n", "-I", "-P", "-L", "-d", "-a", "-E", "-s"], 0),
];

/// Shells, which run the word after `-c` as a script.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "zsh", "ksh"];

/// Other interpreters, with the option before their code.
const INTERPRETERS: [(&str, &str); 6] =
    [("python", "-c"), ("python3", "-c"), ("node", "-e"), ("ruby", "-e"), ("perl", "-e"), ("php", "-r")];

impl Command {
    /// The program it starts; `None` if its name is unknown, or if it only sets variables.
    pub fn invocation(&self) -> Option<Invocation<'_>> {
        let mut words = self.words.as_slice();
        let mut environment = self.assignments.clone();
        loop {
            let (first, rest) = words.split_first()?;
            let path = first.literal()?;
            let program = without_folder(&path);
            let Some((_, valued, before)) = WRAPPERS.iter().find(|(name, ..)| *name == program) else {
                let end = words.last().map_or(first.span.end, |word| word.span.end);
                let span = Span::new(first.span.start, end);
                return Some(Invocation { program, path, span, arguments: rest, environment });
            };
            let mut at = 0;
            while let Some(word) = rest.get(at) {
                if word.prefix().starts_with('-') {
                    at += 1 + usize::from(valued.contains(&word.prefix()));
                } else if let Some(assignment) = word.as_assignment() {
                    environment.push(assignment);
                    at += 1;
                } else {
                    break;
                }
            }
            words = rest.get(at + before..).filter(|words| !words.is_empty())?;
        }
    }
}

/// A path without its folders.
fn without_folder<'c>(path: &Cow<'c, str>) -> Cow<'c, str> {
    // Paths are short and asked for often: a loop over the bytes is faster than a search.
    let name = |path: &str| path.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1);
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(&path[name(path)..]),
        Cow::Owned(path) => Cow::Owned(path[name(path)..].to_owned()),
    }
}

/// The text around a command, for the operators between commands, which commands do not keep.
impl Script {
    /// What follows a range in its item.
    pub fn after(&self, span: Span) -> &str {
        let (item, inside) = self.locate(span);
        let start = span.start - inside.start;
        let end = self.item_starts.get(item + 1).map_or(self.text.len(), |next| next - 1);
        self.slice(Span::new((start + inside.end).min(end), end))
    }

    /// What precedes a range in its item.
    pub fn before(&self, span: Span) -> &str {
        let (_, inside) = self.locate(span);
        self.slice(Span::new(span.start - inside.start, span.start))
    }
}

impl Invocation<'_> {
    /// The program that `npx`, `pnpm exec`, `poetry run`, `keyless exec` and the like start, without its version; the
    /// invocation itself if it is something else.
    #[must_use]
    pub fn through_runner(mut self) -> Self {
        let programs = runs(&self.program, self.arguments).take_while(|run| run.kind == Kind::Program);
        if let Some(run) = programs.last() {
            self.program = Cow::Owned(run.program().to_owned());
            self.arguments = run.arguments;
        }
        self
    }

    /// The literal arguments, in order.
    pub fn literals(&self) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
        self.arguments.iter().enumerate().filter_map(|(index, word)| Some((index, word.literal()?)))
    }

    /// The words that are run as code: those of `eval`, and what `sh -c`, `python -c` and the like are given.
    pub fn code(&self) -> &[Word] {
        if self.program == "eval" {
            return self.arguments;
        }
        if let Some(script) = self.inline_script() {
            return std::slice::from_ref(script);
        }
        let Some((_, option)) = INTERPRETERS.iter().find(|(program, _)| *program == self.program) else { return &[] };
        let at = self.arguments.iter().position(|word| word.prefix() == *option);
        at.and_then(|at| self.arguments.get(at + 1..at + 2)).unwrap_or_default()
    }

    /// The script in `sh -c SCRIPT`, also in `bash -euo pipefail -c SCRIPT`.
    pub fn inline_script(&self) -> Option<&Word> {
        if !SHELLS.contains(&self.program.as_ref()) {
            return None;
        }
        let mut given = false;
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            let Some(letters) = word.prefix().strip_prefix('-') else { return given.then_some(word) };
            if !letters.starts_with('-') {
                given |= letters.contains('c');
                // `-o` takes the next word, also at the end of a cluster.
                if letters.ends_with('o') {
                    words.next();
                }
            }
        }
        None
    }

    /// Whether one of the flags is given, alone or with `=value`.
    pub fn has_flag(&self, names: &[&str]) -> bool {
        self.arguments.iter().any(|word| {
            let text = word.prefix();
            names.contains(&text.split_once('=').map_or(text, |(name, _)| name))
        })
    }

    /// The value of an option, from `--name value` or `--name=value`; the last one counts.
    pub fn option(&self, name: &str) -> Option<Word> {
        self.arguments.iter().enumerate().rev().find_map(|(index, word)| {
            if !word.prefix().starts_with(name) {
                return None;
            }
            if word.literal().as_deref() == Some(name) {
                return self.arguments.get(index + 1).cloned();
            }
            word.strip_prefix(name)?.strip_prefix("=")
        })
    }
}
