//! The effects of a command on the shell that runs it.

use std::borrow::Cow;

use super::{Command, Operator, Word, is_name};
use crate::text::Span;

/// A change of the shell's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A variable gets a value.
    Set {
        /// The variable.
        name: String,
        /// The value; `None` when it comes from input or a loop.
        value: Option<Word>,
        /// Whether the value is appended to the previous one.
        append: bool,
        /// Whether child processes see it from now on; a variable that was exported before stays so either way.
        exported: bool,
        /// Where it is set.
        span: Span,
    },
    /// `export NAME`: child processes see the variable from now on.
    Export {
        /// The variable.
        name: String,
        /// Where.
        span: Span,
    },
    /// `unset NAME`
    Unset(String),
    /// `source file` or `. file`: commands that are not in the script, and may set anything.
    Source(Word),
    /// `eval` and `export $(…)`: strings decide at run time what is set, which may be anything.
    Eval,
    /// `set -x` or `set +x`: whether commands are printed with their variables expanded.
    Trace(bool),
    /// `set -a` or `set +a`: whether every variable set is exported.
    ExportAll(bool),
    /// `cd`: the directory that relative paths begin at; `None` for home or the one before.
    Enter(Option<Word>),
}

impl Command {
    /// Its effects on its shell, in order. Variables for one command only (`NAME=value command`) are not listed.
    pub fn effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for expansion in self.expansions() {
            if let Operator::Assign(word) = &expansion.operator {
                effects.push(set(&expansion.name, Some(word), false, expansion.span));
            }
        }
        let Some((name, arguments)) = self.words.split_first() else {
            effects.extend(self.assignments.iter().map(|assignment| Effect::Set {
                name: assignment.name.clone(),
                value: Some(assignment.value.clone()),
                append: assignment.append,
                exported: false,
                span: assignment.span,
            }));
            return effects;
        };
        let Some(name) = name.literal() else { return effects };
        match &*name {
            "export" => declare(arguments, true, &mut effects),
            "declare" | "typeset" | "local" | "readonly" => {
                let exported = flags(arguments).any(|flag| flag.contains('x'));
                declare(arguments, exported, &mut effects);
            }
            "read" | "mapfile" | "readarray" => {
                let names = arguments.iter().filter(|word| word.literal().is_some_and(|text| is_name(&text)));
                effects.extend(names.map(|word| set(word.prefix(), None, false, word.span)));
            }
            "for" | "select" => {
                effects.extend(arguments.first().map(|word| set(word.prefix(), None, false, word.span)));
            }
            "getopts" => effects.extend(arguments.get(1).map(|word| set(word.prefix(), None, false, word.span))),
            "printf" if arguments.first().is_some_and(|word| word.prefix() == "-v") => {
                effects.extend(arguments.get(1).map(|word| set(word.prefix(), None, false, word.span)));
            }
            "unset" => effects.extend(arguments.iter().filter_map(Word::to_literal).map(Effect::Unset)),
            "source" | "." => effects.extend(arguments.first().cloned().map(Effect::Source)),
            "eval" => effects.push(Effect::Eval),
            "set" => options(arguments, &mut effects),
            "cd" | "pushd" => effects.push(Effect::Enter(
                arguments.iter().find(|word| word.prefix() == "-" || !word.prefix().starts_with('-')).cloned(),
            )),
            "popd" => effects.push(Effect::Enter(None)),
            _ => {}
        }
        effects
    }
}

fn set(name: &str, value: Option<&Word>, exported: bool, span: Span) -> Effect {
    Effect::Set { name: name.to_owned(), value: value.cloned(), append: false, exported, span }
}

fn flags(arguments: &[Word]) -> impl Iterator<Item = Cow<'_, str>> {
    arguments.iter().map_while(Word::literal).filter(|text| text.starts_with('-'))
}

fn declare(arguments: &[Word], exported: bool, effects: &mut Vec<Effect>) {
    for word in arguments {
        if let Some(assignment) = word.as_assignment() {
            effects.push(Effect::Set {
                name: assignment.name,
                value: Some(assignment.value),
                append: assignment.append,
                exported,
                span: word.span,
            });
        } else if let Some(name) = word.to_literal().filter(|text| exported && is_name(text)) {
            effects.push(Effect::Export { name, span: word.span });
        } else if word.literal().is_none() {
            // `export $(cat file)`, `export "$line"`
            effects.push(Effect::Eval);
        }
    }
}

fn options(arguments: &[Word], effects: &mut Vec<Effect>) {
    let mut words = arguments.iter().filter_map(Word::literal);
    while let Some(word) = words.next() {
        let (on, letters) = match (word.strip_prefix('-'), word.strip_prefix('+')) {
            (Some(letters), _) => (true, letters),
            (_, Some(letters)) => (false, letters),
            _ => return,
        };
        // `-o` takes the next word, also at the end of a cluster such as `-euxo`.
        let long = if letters.ends_with('o') { words.next() } else { None };
        let long = long.as_deref();
        if letters.contains('x') || long == Some("xtrace") {
            effects.push(Effect::Trace(on));
        }
        if letters.contains('a') || long == Some("allexport") {
            effects.push(Effect::ExportAll(on));
        }
    }
}
