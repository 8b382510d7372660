//! The output of commands, and the files that it is written to.

use super::{CurrentSection, Walk, claims};
use crate::{
    facts::{Atom, Configuration, FileWrite, Path, ProfileSetting, TOKEN, Value, keyless, profiles, secrets},
    script::{Command, Invocation, Output, RedirectionKind, Script, Word},
    text::Span,
};

/// Filters, whose output is assumed to contain their input.
pub(super) const FILTERS: [&str; 15] =
    ["base64", "cat", "column", "cut", "grep", "head", "jq", "less", "more", "nl", "sed", "sort", "tail", "tee", "tr"];

/// Whether the output of a command ends in the log, also through `tee`, `jq` and other filters.
pub(super) fn reaches_log(script: &Script, command: &Command) -> bool {
    let mut command = command;
    while let (None, Output::Pipe(to)) = (command.output_redirection(), command.context.output) {
        let Some(next) = script.commands.get(to) else { return false };
        if !next.invocation().is_some_and(|next| FILTERS.contains(&next.program.as_ref())) {
            return false;
        }
        command = next;
    }
    command.prints_to_log()
}

/// `base64 -d`
fn decodes(filter: &Invocation<'_>) -> bool {
    filter.program == "base64" && filter.has_flag(&["-d", "-D", "--decode", "-di"])
}

/// Whether a command prints all variables with their values. `env` by itself runs no program, so it has no invocation.
fn lists_variables(command: &Command) -> bool {
    let [only] = command.words.as_slice() else { return false };
    matches!(only.prefix(), "env" | "printenv" | "set" | "export") && only.literal().is_some()
}

/// A decoded value, in which Bitbucket does not recognize what it masks. The token is followed for its own rules.
fn decoded(value: Value, site: usize) -> Value {
    let outside = |atom: &Atom| match atom {
        Atom::Outside(name) if name != TOKEN => Some(secrets::is_secret_when_decoded(name)),
        _ => None,
    };
    let secret = value.atoms().iter().filter_map(outside).max();
    let Some(secret) = secret else { return value };
    let what = "the decoded value of a variable";
    let mut value = value;
    value.extend(Value::atom(if secret { Atom::Secret { site, what } } else { Atom::Unknown(site) }), site);
    value
}

impl Walk<'_> {
    /// The output of a command.
    pub(super) fn printed(
        &self,
        current: &CurrentSection<'_>,
        index: usize,
        command: &Command,
        invocation: Option<&Invocation<'_>>,
    ) -> Value {
        let site = current.section.place(command.span).start;
        let unknown = || Value::atom(Atom::Unknown(site));
        if lists_variables(command) {
            return Value::atom(Atom::Environment(site));
        }
        let Some(invocation) = invocation else { return Value::default() };
        let program = invocation.program.as_ref();
        let input = || {
            let here = command.redirections.iter().rev().find(|redirection| {
                matches!(redirection.kind, RedirectionKind::HereDocument | RedirectionKind::HereString)
            });
            let here = here.map(|redirection| self.evaluate(&redirection.target, Some(current), site));
            here.or_else(|| current.piped.get(&index).cloned())
        };
        match program {
            "echo" | "printf" => {
                let mut value = Value::default();
                for word in invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-')) {
                    if !value.atoms().is_empty() {
                        value.extend(Value::text(" "), site);
                    }
                    value.extend(self.evaluate(word, Some(current), site), site);
                }
                value
            }
            "pwd" => self.directory.clone(),
            "printenv" if invocation.arguments.len() == 1 => {
                let name = invocation.arguments[0].prefix();
                let held = self.variables.get(name).map(|binding| binding.value.clone());
                held.unwrap_or_else(|| Value::atom(Atom::Outside(name.to_owned())))
            }
            filter if FILTERS.contains(&filter) => {
                if claims::prints_nothing(invocation) {
                    return Value::default();
                }
                let pipes_here = |other: &&Command| other.context.output == Output::Pipe(index);
                let before = current.section.script.commands[..index].iter().rfind(pipes_here);
                if claims::only_a_part(invocation, before.and_then(Command::invocation).as_ref()) {
                    return unknown();
                }
                let file = || self.shown(current, command, invocation, site);
                let value = input().or_else(file).unwrap_or_else(unknown);
                let selects = !matches!(program, "cat" | "column" | "nl" | "sort" | "tee");
                if (value.holds_environment() && selects)
                    || (value.holds_secret() && secrets::selects_no_secret(invocation))
                {
                    unknown()
                } else if decodes(invocation) {
                    decoded(value, site)
                } else {
                    value
                }
            }
            _ => secrets::printed(invocation).map_or_else(unknown, |what| Value::atom(Atom::Secret { site, what })),
        }
    }

    /// What a filter reads from its files.
    fn shown(
        &self,
        current: &CurrentSection<'_>,
        command: &Command,
        invocation: &Invocation<'_>,
        site: usize,
    ) -> Option<Value> {
        let read = command.redirections.iter().filter(|it| it.kind == RedirectionKind::Input);
        let words = invocation.arguments.iter().filter(|word| !word.prefix().starts_with('-'));
        // The first argument of these is an expression, and no file that the script has written is called like it.
        let expressions = usize::from(matches!(invocation.program.as_ref(), "grep" | "jq" | "sed"));
        let mut shown: Option<Value> = None;
        let files = words.zip(0..).map(|(word, index)| (word, index < expressions));
        for (word, is_expression) in files.chain(read.map(|redirection| (&redirection.target, false))) {
            let path = self.evaluate(word, Some(current), site).path(&self.directory);
            let content = self.files.get(&path);
            let is_unknown = |content: &Value| content.atoms().iter().any(|it| matches!(it, Atom::Unknown(_)));
            let unclear = content.is_none_or(|content| is_unknown(content) || content.holds_environment());
            let secret = unclear
                && !is_expression
                && !self.copies.contains(&path)
                && path.written().is_some_and(secrets::is_secret_file);
            if content.is_some() || secret {
                let shown = shown.get_or_insert_default();
                shown.extend(content.cloned().unwrap_or_default(), site);
                if secret {
                    shown
                        .extend(Value::atom(Atom::Secret { site, what: "a file that usually contains secrets" }), site);
                }
            }
        }
        shown
    }

    /// The settings of profiles in a file after it was written.
    fn write_profiles(&mut self, path: &Path, whole: &Value, span: Span) {
        // The text of a here-document follows its redirection, that of `echo` comes before it on the line.
        const NEAR: usize = 4096;
        let settings = profiles::read(path, whole);
        let known: Vec<_> = self.facts.profiles.extract_if(.., |setting| setting.file.as_ref() == Some(path)).collect();
        let line = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let near = self.text.get(line..line + NEAR).or_else(|| self.text.get(line..)).unwrap_or_default();
        for (profile, key, value) in settings {
            let before = known.iter().find(|setting| setting.profile == profile && setting.key == key);
            let place = || near.find(&key).map_or(span, |at| Span::new(line + at, line + at + key.len()));
            let (span, order) = before.map_or_else(|| (place(), self.order), |setting| (setting.span, setting.order));
            self.facts.profiles.push(ProfileSetting { profile, key, value, file: Some(path.clone()), span, order });
        }
    }

    pub(super) fn write(
        &mut self,
        current: &CurrentSection<'_>,
        command: &Command,
        target: &Word,
        content: Value,
        append: bool,
    ) {
        let span = current.section.place(target.span);
        let path = self.evaluate(target, Some(current), span.start).path(&self.directory);
        if path.written().is_some_and(|path| path.starts_with("$HOME/.aws/")) {
            let keys = content.to_string().contains("aws_access_key_id");
            self.facts.configurations.push(Configuration { keys, span, order: self.order });
        }
        if keyless::is_profile(&content.to_string()) {
            self.profile(command, span);
        }
        let mut whole = content.clone();
        if append {
            // The previous content is unknown unless the script wrote it.
            let unknown = || Value::atom(Atom::Unknown(span.start));
            whole = self.files.get(&path).cloned().unwrap_or_else(unknown);
            whole.extend(Value::text("\n"), span.start);
            whole.extend(content.clone(), span.start);
        }
        let copies = command.invocation().is_some_and(|invocation| {
            let program = invocation.program.as_ref();
            let copies = matches!(program, "cp" | "mv" | "envsubst" | "echo" | "printf") || FILTERS.contains(&program);
            copies && !decodes(&invocation)
        });
        if !copies {
            self.copies.remove(&path);
        } else if !append || !self.files.contains_key(&path) {
            self.copies.insert(path.clone());
        }
        self.write_profiles(&path, &whole, span);
        self.files.insert(path.clone(), whole);
        self.facts.writes.push(FileWrite { path, content, span, order: self.order });
    }
}
