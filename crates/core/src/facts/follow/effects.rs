//! What commands do to the shell that runs them.

use std::collections::HashMap;

use super::{CurrentSection, Walk};
use crate::{
    facts::{Atom, Binding, ScriptSection, Trace, Value},
    script::{Command, Effect, POWERSHELL_SCOPE, Script},
    text::{Span, Spanned},
};

impl Walk<'_> {
    pub(super) fn effect(&mut self, current: &CurrentSection<'_>, command: &Command, effect: Effect) {
        let order = self.order;
        let partial = command.context.conditional || command.context.subshell;
        match effect {
            Effect::Set { name, value, append, exported, span } => {
                // The variables of PowerShell do not leave its process, in which all that reads them runs.
                let own = name.starts_with(POWERSHELL_SCOPE);
                let partial = command.context.conditional || command.context.subshell && !own;
                let span = current.section.place(span);
                let mut held = match (append, self.variables.get(&name)) {
                    (true, Some(before)) => before.value.clone(),
                    (true, None) => Value::atom(Atom::Outside(name.clone())),
                    (false, _) => Value::default(),
                };
                let value = value.map_or(Value::atom(Atom::Unknown(span.start)), |word| {
                    self.evaluate(&word, Some(current), span.start)
                });
                held.extend(value, span.start);
                let before = self.variables.get(&name).is_some_and(|before| before.exported);
                let exported = exported || before || self.exports_all;
                self.bind(Binding { name, value: held, exported, partial, span, order });
            }
            Effect::Export { name, .. } => {
                if let Some(binding) = self.variables.get_mut(&name) {
                    binding.exported = true;
                    let first = self.facts.bindings.partition_point(|other| other.order < binding.order);
                    for binding in self.facts.bindings[first..].iter_mut().filter(|other| other.name == name) {
                        binding.exported = true;
                    }
                }
            }
            Effect::Unset(name) => {
                let span = current.section.place(command.span);
                self.bind(Binding { name, value: Value::default(), exported: false, partial, span, order });
            }
            Effect::Source(file) => {
                let span = current.section.place(command.span);
                let path = self.evaluate(&file, Some(current), span.start).path(&self.directory);
                // `printf` and `echo -e` print something other than their arguments.
                let text = self.files.get(&path).and_then(Value::literal).filter(|text| !text.contains(['\\', '%']));
                match text.map(|text| Script::parse([text])) {
                    Some(script) => self.sourced(script, command, span),
                    None => self.facts.opaque.push(Spanned::new(order, span)),
                }
            }
            Effect::Eval => self.facts.opaque.push(Spanned::new(order, current.section.place(command.span))),
            Effect::ExportAll(on) => self.exports_all = on,
            Effect::Enter(to) => {
                let site = current.section.place(command.span).start;
                let to = to.filter(|to| to.literal().as_deref() != Some("-") && !command.context.conditional);
                let before = self.subshell_directory.clone().filter(|_| command.context.subshell);
                let before = before.unwrap_or_else(|| self.directory.clone());
                let directory = match to {
                    Some(word) => {
                        let path = self.evaluate(&word, Some(current), site).path(&before);
                        match (path.in_clone(), path.written()) {
                            (Some(below), _) => {
                                let mut value = Value::atom(Atom::CloneDirectory);
                                value.extend(Value::text(format!("/{below}")), site);
                                value
                            }
                            (None, Some("$BITBUCKET_CLONE_DIR")) => Value::atom(Atom::CloneDirectory),
                            (None, Some(other)) if other.starts_with('/') => Value::text(other),
                            _ => Value::atom(Atom::Unknown(site)),
                        }
                    }
                    None => Value::atom(Atom::Unknown(site)),
                };
                if command.context.subshell {
                    self.subshell_directory = Some(directory);
                } else {
                    self.directory = directory;
                }
            }
            Effect::Trace(on) => {
                self.facts.traces.push(Trace { on, span: current.section.place(command.span), order });
            }
        }
    }

    /// The effect of a file that the script wrote on the shell that sources it.
    fn sourced(&mut self, script: Script, source: &Command, span: Span) {
        let section = ScriptSection { script, maps: Vec::new(), whole: Some(span) };
        let current = CurrentSection { number: 0, section: &section, piped: HashMap::new() };
        for command in &section.script.commands {
            for effect in command.effects() {
                // Files that it sources in turn, and commands that run only sometimes, are ignored.
                if matches!(effect, Effect::Source(_)) || command.context != source.context {
                    self.facts.opaque.push(Spanned::new(self.order, span));
                } else {
                    self.effect(&current, source, effect);
                }
            }
        }
    }

    fn bind(&mut self, binding: Binding) {
        self.facts.bindings.push(binding.clone());
        self.variables.insert(binding.name.clone(), binding);
    }
}
