//! The edits of a script: keys and what sets them go, and the lines for the role come in their place.

use std::collections::BTreeSet;

use super::{
    Section, TOKEN_FILE, TOKEN_FILE_VARIABLE, UNSET,
    commands::{Cut, Removal},
    only_for_others,
};
use crate::{
    diagnostic::Edit,
    facts::{TOKEN, ToolUse},
    migrate::{
        Form, With,
        credentials::unseen,
        edit::{self, Changes},
        key_files::KeyFile,
        names::{KEY_ID, ROLE, role_for},
    },
    text::Span,
    yaml::{Kind, Style},
};

impl Section<'_, '_> {
    pub(super) fn edits(
        &self,
        removals: &[Removal],
        implicit: &[&ToolUse],
        tools: &[&ToolUse],
        key_file: Option<&KeyFile>,
    ) -> Option<Vec<Edit>> {
        let ids: Vec<&Removal> = removals.iter().filter(|removal| removal.is_id).collect();
        let role = |removal: &Removal| role_for(removal.variable.as_deref().unwrap_or_default(), &self.context.general);
        let first = removals.iter().min_by_key(|removal| removal.command);
        let call = tools.iter().map(|tool| tool.command).min();
        let named_only = !removals.is_empty() && removals.iter().all(|removal| removal.form == Form::Profile);
        // Where the first key was, unless AWS is called before.
        let here = first.filter(|first| call.is_none_or(|call| call > first.command));
        let exec = self.context.options.with == With::Exec;
        if only_for_others(removals, tools) {
            return edit::joined(self.place_edits(removals, None, &[], &[])?);
        }
        let mut lines: Vec<String> = Vec::new();
        let unset = self.context.plain_keys && !named_only && !self.unsets();
        let writes_token = self.sets(TOKEN_FILE_VARIABLE);
        if unset && !exec {
            lines.push(UNSET.to_owned());
        }
        // A script with several accounts ids the role where it later_roles the key.
        let mut later_roles: Vec<(&Removal, String)> = Vec::new();
        let mut current = ROLE.to_owned();
        if let Some(file) = key_file.filter(|_| ids.is_empty() && !self.sets(ROLE)) {
            let name = role_for(&file.variable, &self.context.general);
            if name != current {
                lines.push(format!("export {ROLE}=${name}"));
            }
        }
        for (number, removal) in ids.iter().enumerate() {
            let name = role(removal);
            let in_place = number > 0 || removal.conditional || here.is_none() && !implicit.is_empty();
            if name == current && !removal.conditional || self.sets(ROLE) || removal.form == Form::Profile {
                continue;
            }
            let line = format!("export {ROLE}=${name}");
            if in_place {
                later_roles.push((removal, line));
            } else {
                lines.push(line);
            }
            current = name;
        }
        if named_only {
            lines.push(format!("echo \"${TOKEN}\" > {TOKEN_FILE}"));
        } else if !writes_token && !exec {
            lines.push(format!("export {TOKEN_FILE_VARIABLE}={TOKEN_FILE}"));
            if self.number == 0 {
                lines.push(format!("echo \"${TOKEN}\" > \"${TOKEN_FILE_VARIABLE}\""));
            }
        }
        let mut edits = self.place_edits(removals, here, &lines, &later_roles)?;
        if self.number == 1 && !exec && !writes_token && !self.script_writes_token() {
            let script = self.context.file.tree.field(self.step.node, "script")?;
            let mut changes = Changes::default();
            changes.inserted.insert(0, vec![format!("echo \"${TOKEN}\" > {TOKEN_FILE}")]);
            edits.extend(self.context.document.edit_list(script.value, &changes)?);
        }
        if exec {
            let unseen: Vec<usize> =
                unseen(self.facts, self.number).map(|(index, _)| index).filter(|_| !removals.is_empty()).collect();
            let commands: BTreeSet<usize> = tools.iter().map(|tool| tool.command).chain(unseen).collect();
            for index in commands {
                let command = &self.facts.sections[self.number].script.commands[index];
                let at = self.place(command.words.first()?.span).start;
                edits.push(Edit { span: Span::at(at), replacement: "keyless exec -- ".to_owned() });
            }
        }
        edit::joined(edits)
    }

    /// Whether the script drops the keys of the settings already.
    fn unsets(&self) -> bool {
        let is_here = |order| (order >= self.facts.after_script) == (self.number == 1);
        self.facts
            .bindings
            .iter()
            .any(|it| it.name == KEY_ID && it.value.is_empty() && is_here(it.order) && !it.partial)
    }

    /// Whether `script` writes the token file, or will once it is migrated: what stays manual there writes none.
    fn script_writes_token(&self) -> bool {
        let Some(field) = self.context.file.tree.field(self.step.node, "script") else { return false };
        let list = self.context.file.tree.resolve(field.value);
        let script = Section { number: 0, items: &self.step.script, list, ..*self };
        let will = script.draft().is_some_and(|draft| !draft.edits.is_empty());
        will || script.sets(TOKEN_FILE_VARIABLE)
            || self
                .facts
                .writes
                .iter()
                .any(|write| write.content.holds_token() && write.order < self.facts.after_script)
    }

    pub(super) fn place_edits(
        &self,
        removals: &[Removal],
        here: Option<&Removal>,
        lines: &[String],
        later_roles: &[(&Removal, String)],
    ) -> Option<Vec<Edit>> {
        let document = &self.context.document;
        let tree = self.context.file.tree;
        let Kind::Sequence(sites) = &tree.node(self.list).kind else { return None };
        let commands = &self.facts.sections[self.number].script.commands;
        let mut changes = Changes::default();
        let mut edits = Vec::new();
        let mut pending: &[String] = lines;
        if here.is_none() && !lines.is_empty() {
            changes.inserted.insert(0, lines.to_vec());
            pending = &[];
        }
        let items: BTreeSet<usize> = removals.iter().map(|removal| removal.item).collect();
        for item in items {
            let of_item: Vec<&Removal> = removals.iter().filter(|removal| removal.item == item).collect();
            let is_place = here.is_some_and(|here| here.item == item) && !pending.is_empty();
            let wholly = of_item.iter().filter(|removal| removal.cut == Cut::Command).count();
            let all = commands.iter().filter(|command| self.facts.sections[self.number].item(command) == item).count();
            let role_lines = |removal: &Removal| {
                let is_it = |it: &Removal| removal.is_id && it.command == removal.command && it.span == removal.span;
                later_roles.iter().find(|(it, _)| is_it(it)).map(|(_, line)| line.clone())
            };
            let shared = tree.resolve(sites[item]) != sites[item];
            let simple = of_item.iter().all(|removal| !removal.conditional);
            if wholly == all && simple && !shared {
                changes.removed.insert(item);
                let mut inserted: Vec<String> =
                    if is_place { std::mem::take(&mut pending).to_vec() } else { Vec::new() };
                inserted.extend(of_item.iter().filter_map(|removal| role_lines(removal)));
                if !inserted.is_empty() {
                    changes.inserted.insert(item, inserted);
                }
                continue;
            }
            let style = tree.scalar(sites[item])?.style;
            let runs = self.runs(&of_item);
            let mut own: Vec<String> = Vec::new();
            if is_place {
                own = std::mem::take(&mut pending).to_vec();
            }
            let own_roles: Vec<(Span, String)> =
                of_item.iter().filter_map(|removal| Some((removal.span, role_lines(removal)?))).collect();
            let mut inline = None;
            if shared {
                if style == Style::DoubleQuoted {
                    return None;
                }
                inline = Some(std::mem::take(&mut own));
            }
            for (number, run) in runs.iter().enumerate() {
                let roles: Vec<&String> =
                    own_roles.iter().filter(|(span, _)| run.contains(*span)).map(|(_, line)| line).collect();
                let mut statements: Vec<String> = inline.take().unwrap_or_default();
                let lines_of_run = (style == Style::Literal).then(|| document.whole_lines(*run)).flatten();
                // Every run of a step logs in, whichever branch it takes.
                if number == 0 && lines_of_run.is_some() && simple {
                    statements.append(&mut own);
                }
                statements.extend(roles.into_iter().cloned());
                if let Some(whole) = lines_of_run {
                    let indent = document.indent(run.start)?;
                    edits.push(Edit { span: whole, replacement: document.lines(indent, "", &statements) });
                } else if statements.is_empty() {
                    edits.push(Edit { span: self.without_operator(*run)?, replacement: String::new() });
                } else {
                    edits.push(Edit { span: *run, replacement: statements.join(" && ") });
                }
            }
            if !own.is_empty() {
                changes.inserted.insert(item, own);
            }
            for removal in of_item {
                match &removal.cut {
                    Cut::Command => {}
                    Cut::Words(words) => edits.extend(words.iter().map(|span| {
                        let role = role_lines(removal).map(|line| line.trim_start_matches("export ").to_owned());
                        let blanks = |text: &str| text.starts_with(char::is_whitespace);
                        let text = &document.text[span.start..span.end];
                        let replacement = role.map_or_else(String::new, |role| {
                            if blanks(text) { format!(" {role}") } else { format!("{role} ") }
                        });
                        Edit { span: *span, replacement }
                    })),
                    Cut::Rewrite(rewrites) => edits.extend(rewrites.iter().cloned()),
                }
            }
        }
        edits.extend(document.edit_list(self.list, &changes)?);
        (pending.is_empty() && changes.removed.len() < sites.len() + changes.inserted.len()).then_some(edits)
    }

    /// The commands that are removed from an item, those that only an operator separates in one.
    fn runs(&self, removals: &[&Removal]) -> Vec<Span> {
        let document = &self.context.document;
        let mut runs: Vec<Span> = Vec::new();
        for removal in removals.iter().filter(|removal| removal.cut == Cut::Command) {
            match runs.last_mut() {
                Some(last)
                    if last.end <= removal.span.start
                        && !removal.conditional
                        && is_operator(&document.text[last.end..removal.span.start]) =>
                {
                    last.end = removal.span.end;
                }
                _ => runs.push(removal.span),
            }
        }
        runs
    }

    /// A range with the operator that connects it with the next command, or the one before.
    fn without_operator(&self, run: Span) -> Option<Span> {
        let text = self.context.document.text;
        let blank = |c: char| c.is_whitespace() || c == '\\';
        let after = &text[run.end..];
        let rest = after.trim_start_matches([' ', '\t']);
        for operator in ["&&", ";"] {
            if let Some(rest) = rest.strip_prefix(operator).filter(|rest| !rest.starts_with(';')) {
                return Some(Span::new(run.start, text.len() - rest.trim_start_matches(blank).len()));
            }
        }
        let before = text[..run.start].trim_end_matches(blank);
        let ends = rest.is_empty() || rest.starts_with(['\n', '\r', '\'', '"', ',', ']', '#']);
        for operator in ["&&", ";"] {
            if let Some(before) = before.strip_suffix(operator).filter(|_| ends) {
                return Some(Span::new(before.trim_end().len(), run.end));
            }
        }
        None
    }
}

fn is_operator(between: &str) -> bool {
    matches!(between.trim_matches(|c: char| c.is_whitespace() || c == '\\'), "&&" | ";")
}
