//! The values of words.

use super::{CurrentSection, Walk, output::FILTERS};
use crate::{
    facts::{Atom, Value},
    script::{Command, Expansion, Operator, Part, Word},
    text::Span,
};

impl Walk<'_> {
    /// The value of a word. `site` identifies an unknown value.
    pub(super) fn evaluate(&self, word: &Word, current: Option<&CurrentSection<'_>>, site: usize) -> Value {
        let mut value = Value::default();
        for (index, part) in word.parts.iter().enumerate() {
            let piece = match part {
                Part::Text { text, quoted: false } if index == 0 && (text == "~" || text.starts_with("~/")) => {
                    let mut home = Value::atom(Atom::Home);
                    if text.len() > 1 {
                        home.extend(Value::text(&text[1..]), site);
                    }
                    home
                }
                Part::Text { text, .. } => Value::text(text.clone()),
                Part::Variable(expansion) => self.variable(expansion, current, site),
                Part::Substitution { span, commands } => self.substitution(*span, commands.clone(), current, site),
                Part::Other { span, .. } => Value::atom(Atom::Unknown(site + span.start)),
            };
            if !piece.is_empty() || value.atoms().is_empty() {
                value.extend(piece, site);
            }
        }
        value
    }

    fn variable(&self, expansion: &Expansion, current: Option<&CurrentSection<'_>>, site: usize) -> Value {
        let held = self.variables.get(&expansion.name).filter(|binding| !binding.partial);
        let partial = self.variables.get(&expansion.name).is_some_and(|binding| binding.partial);
        match &expansion.operator {
            Operator::Other(_) | Operator::Alternative(_) | Operator::Template => {
                return Value::atom(Atom::Unknown(site));
            }
            Operator::Default(word) | Operator::Assign(word) => {
                return match held {
                    Some(binding) if !binding.value.is_empty() => binding.value.clone(),
                    Some(_) => self.evaluate(word, current, site),
                    None if word.literal().is_some_and(|text| text.is_empty()) && !partial => {
                        Value::atom(Atom::Outside(expansion.name.clone()))
                    }
                    None => Value::atom(Atom::Unknown(site)),
                };
            }
            Operator::None | Operator::Require(_) => {}
        }
        match (expansion.name.as_str(), held) {
            (_, Some(binding)) => binding.value.clone(),
            (_, None) if partial || expansion.is_special() => Value::atom(Atom::Unknown(site)),
            ("BITBUCKET_CLONE_DIR", None) => Value::atom(Atom::CloneDirectory),
            ("HOME", None) => Value::atom(Atom::Home),
            ("PWD", None) => self.directory.clone(),
            (name, None) => Value::atom(Atom::Outside(name.to_owned())),
        }
    }

    fn substitution(
        &self,
        span: Span,
        commands: std::ops::Range<usize>,
        current: Option<&CurrentSection<'_>>,
        site: usize,
    ) -> Value {
        let unknown = Value::atom(Atom::Unknown(site + span.start));
        let Some(current) = current else { return unknown };
        let inner = current.section.script.commands.get(commands.clone()).unwrap_or_default();
        let Some((command, rest)) = inner.split_first() else { return unknown };
        let mut filters = rest.iter().map(Command::invocation);
        if !filters.all(|filter| filter.is_some_and(|filter| FILTERS.contains(&filter.program.as_ref()))) {
            return unknown;
        }
        if let Some(invocation) = command.invocation() {
            let printed = self.printed(current, commands.start, command, Some(&invocation));
            if printed.holds_secret() {
                return printed;
            }
        }
        if !rest.is_empty() {
            return unknown;
        }
        match command.invocation() {
            Some(invocation) if matches!(invocation.program.as_ref(), "pwd" | "echo" | "printf") => {
                self.printed(current, commands.start, command, Some(&invocation))
            }
            _ => unknown,
        }
    }
}
