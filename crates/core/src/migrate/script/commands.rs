//! Commands that put a stored key where AWS tools find it: variables, `aws configure set`, the credentials file.

use super::Section;
use crate::{
    diagnostic::Edit,
    facts::{Atom, Value, is_key_id},
    migrate::{
        Form, key_files,
        names::{KEY_ID, SECRET, SESSION, role_for},
    },
    script::{Command, Invocation, RedirectionKind, Word},
    text::Span,
};

/// A command, or a part of one, that goes.
#[derive(Clone, Debug)]
pub(super) struct Removal {
    /// Its index in the section.
    pub(super) command: usize,
    /// The index of the item that contains it.
    pub(super) item: usize,
    /// Its span in the file.
    pub(super) span: Span,
    pub(super) cut: Cut,
    /// Whether it chooses the key: another one may follow, for another account.
    pub(super) is_id: bool,
    /// The variable that holds the key.
    pub(super) variable: Option<String>,
    /// Whether the key itself is in the file.
    pub(super) is_literal: bool,
    pub(super) conditional: bool,
    pub(super) form: Form,
    /// Why it cannot be removed.
    pub(super) obstacle: Option<&'static str>,
}

/// What is removed of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// All of it.
    Command,
    /// Words, with the white space next to them.
    Words(Vec<Span>),
    /// Words, for others.
    Rewrite(Vec<Edit>),
}

/// Where a value comes from, if it is a stored key.
enum Stored {
    Variable(String),
    Literal,
    /// It is computed from variables, in a way that cannot be followed.
    Computed,
}

/// What is removed from a section, in order.
pub(super) fn removals(section: &Section<'_, '_>) -> Vec<Removal> {
    let script = &section.facts.sections[section.number].script;
    // Test doubles get placeholders for keys.
    if section.facts.calls_emulator() || has_session(section) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        assignments(section, index, command, &mut found);
        let Some(invocation) = command.invocation() else { continue };
        match &*invocation.program {
            "aws" => configure(section, index, command, &invocation, &mut found),
            "serverless" | "sls" | "npx" | "yarn" | "pnpm" | "bunx" => {
                serverless(section, index, command, &invocation, &mut found);
            }
            _ => {}
        }
    }
    credentials_file(section, &mut found);
    shell_files(section, &mut found);
    found.sort_by_key(|removal| (removal.command, removal.span.start));
    // A secret is one only next to a key.
    if !found.iter().any(|removal| removal.is_id) {
        let is_file = |form| matches!(form, Form::CredentialsFile | Form::ShellFile);
        found.retain(|removal| removal.variable.is_some() || is_file(removal.form));
    }
    found
}

/// Whether the section sets the keys of a session, which are not stored.
fn has_session(section: &Section<'_, '_>) -> bool {
    let here = |order| (order >= section.facts.after_script) == (section.number == 1);
    let mut bindings = section.facts.bindings.iter().filter(|it| it.name == SESSION && here(it.order));
    bindings.any(|it| it.value.copy_of().is_some())
}

fn removal(section: &Section<'_, '_>, command: usize, span: Span, cut: Cut, form: Form) -> Removal {
    let own = &section.facts.sections[section.number];
    let at = &own.script.commands[command];
    Removal {
        command,
        item: own.item(at),
        span,
        cut,
        is_id: false,
        variable: None,
        is_literal: false,
        conditional: at.context.conditional || at.context.subshell,
        form,
        obstacle: None,
    }
}

impl Removal {
    fn of(self, stored: Stored, is_id: bool) -> Self {
        match stored {
            Stored::Variable(name) => Self { variable: Some(name), is_id, ..self },
            Stored::Literal => Self { is_literal: true, is_id, ..self },
            Stored::Computed => {
                Self { is_id, obstacle: Some("which key it is, is decided only when the script runs"), ..self }
            }
        }
    }
}

/// Where a value comes from; `None` if it is a placeholder, or the output of a program.
fn stored(value: &Value, name: &str) -> Option<Stored> {
    if let Some(literal) = value.literal() {
        let secret = name == SECRET && literal.len() >= 40;
        return (is_key_id(literal) || secret).then_some(Stored::Literal);
    }
    match value.copy_of() {
        Some(name) => Some(Stored::Variable(name.to_owned())),
        None if value.atoms().iter().all(|atom| matches!(atom, Atom::Outside(_) | Atom::Text(_))) => {
            Some(Stored::Computed)
        }
        None => None,
    }
}

/// A word that is one variable, or a key.
fn stored_word(word: &Word, name: &str) -> Option<Stored> {
    match word.variable() {
        Some(expansion) => Some(Stored::Variable(expansion.name.clone())),
        None => word.literal().and_then(|literal| stored(&Value::text(literal), name)),
    }
}

/// An argument of `export`: its span, what it assigns, and the name that it exports otherwise.
type Argument = (Span, Option<(String, Word)>, String);

/// `export AWS_ACCESS_KEY_ID=$KEY`, the same without `export`, and in front of a command.
fn assignments(section: &Section<'_, '_>, index: usize, command: &Command, found: &mut Vec<Removal>) {
    let is_key = |name: &str| name == KEY_ID || name == SECRET;
    let value_of = |name: &str, span: Span, word: &Word| {
        let binding = section.facts.bindings.iter().find(|it| it.name == name && it.span == span);
        match binding {
            Some(binding) => stored(&binding.value, name),
            None => stored_word(word, name),
        }
    };
    let declares = command
        .words
        .first()
        .is_some_and(|word| word.literal().is_some_and(|name| matches!(&*name, "export" | "declare" | "typeset")));
    if declares || command.words.is_empty() {
        let words: Vec<Argument> = if declares {
            let arguments = command.words[1..].iter().filter(|word| !word.prefix().starts_with('-'));
            arguments
                .map(|word| {
                    let assignment = word.as_assignment().map(|it| (it.name, it.value));
                    (word.span, assignment, word.to_literal().unwrap_or_default())
                })
                .collect()
        } else {
            command
                .assignments
                .iter()
                .map(|it| (it.span, Some((it.name.clone(), it.value.clone())), String::new()))
                .collect()
        };
        let stored: Vec<Option<(Stored, bool)>> = words
            .iter()
            .map(|(span, assignment, bare)| match assignment {
                Some((name, value)) if is_key(name) => {
                    Some((value_of(name, section.place(*span), value)?, name == KEY_ID))
                }
                // `export AWS_ACCESS_KEY_ID` of a variable from the settings.
                None if is_key(bare) => {
                    let set =
                        section.facts.bindings.iter().any(|it| it.name == *bare && stored(&it.value, bare).is_none());
                    (!set).then(|| (Stored::Variable(bare.clone()), bare == KEY_ID))
                }
                _ => None,
            })
            .collect();
        let all = stored.iter().all(Option::is_some) && !stored.is_empty();
        let spans: Vec<Span> = words.iter().map(|(span, ..)| section.place(*span)).collect();
        let removed: Vec<bool> = stored.iter().map(Option::is_some).collect();
        let mut first = true;
        for (number, stored) in stored.into_iter().enumerate() {
            let Some((stored, is_id)) = stored else { continue };
            let (span, cut) = if all {
                let span = section.place(command.span);
                // One removal for the whole command, and more for what else it sets.
                (span, if first { Cut::Command } else { Cut::Words(Vec::new()) })
            } else {
                (spans[number], Cut::Words(vec![with_space(section, &spans, &removed, number)]))
            };
            first = false;
            found.push(removal(section, index, span, cut, Form::Export).of(stored, is_id));
        }
        return;
    }
    // In front of a command, also after `env`.
    let Some(invocation) = command.invocation() else { return };
    for assignment in invocation.environment.iter().filter(|it| is_key(&it.name)) {
        let Some(stored) = stored_word(&assignment.value, &assignment.name) else { continue };
        let span = section.place(assignment.span);
        let text = section.context.document.text;
        let blanks = text[span.end..].len() - text[span.end..].trim_start_matches([' ', '\t']).len();
        let cut = Cut::Words(vec![Span::new(span.start, span.end + blanks)]);
        found.push(removal(section, index, span, cut, Form::Export).of(stored, assignment.name == KEY_ID));
    }
}

/// A removed word with the white space after it, or before it if no word follows that stays.
fn with_space(section: &Section<'_, '_>, spans: &[Span], removed: &[bool], number: usize) -> Span {
    let text = section.context.document.text;
    let span = spans[number];
    if removed[number + 1..].iter().any(|removed| !removed) {
        return Span::new(span.start, spans[number + 1].start);
    }
    Span::new(text[..span.start].trim_end().len(), span.end)
}

/// `aws configure set aws_access_key_id KEY`
fn configure(
    section: &Section<'_, '_>,
    index: usize,
    command: &Command,
    invocation: &Invocation<'_>,
    found: &mut Vec<Removal>,
) {
    let literals: Vec<_> = invocation.arguments.iter().map(|word| word.literal().unwrap_or_default()).collect();
    let configure = literals.iter().position(|word| word == "configure");
    let set = configure.and_then(|from| (from..literals.len()).find(|at| literals[*at] == "set"));
    let Some(set) = set else { return };
    let key_at = (set + 1..literals.len()).find(|at| literals[*at].contains("aws_"));
    let Some(at) = key_at else { return };
    let (Some(word), key) = (invocation.arguments.get(at + 1), literals[at].as_ref()) else { return };
    let (before, setting) = key.rsplit_once('.').map_or(("", key), |(before, setting)| (before, setting));
    let (name, is_id) = match setting {
        "aws_access_key_id" => (KEY_ID, true),
        "aws_secret_access_key" => (SECRET, false),
        _ => return,
    };
    let span = section.place(command.span);
    let placed = section.place(invocation.span);
    let known = section.facts.profiles.iter().find(|it| it.span == placed && it.key == setting);
    let Some(stored) = known.map_or_else(|| stored_word(word, name), |known| stored(&known.value, name)) else {
        return;
    };
    let option = invocation.option("--profile").and_then(|word| word.to_literal());
    let profile = option.as_deref().unwrap_or_else(|| before.strip_prefix("profile.").unwrap_or(before));
    if profile.is_empty() || profile == "default" {
        found.push(removal(section, index, span, Cut::Command, Form::Configure).of(stored, is_id));
        return;
    }
    let text = section.context.document.text;
    let (name_span, value_span) = (section.place(invocation.arguments[at].span), section.place(word.span));
    let quoted = |text: &str, value: String| if text.starts_with('"') { format!("\"{value}\"") } else { value };
    let (new_name, new_value) = match (&stored, is_id) {
        (Stored::Variable(key), true) => {
            let role = role_for(key, &section.context.general);
            ("role_arn", quoted(&text[value_span.start..], format!("${role}")))
        }
        (_, true) => ("role_arn", format!("${}", section.context.general)),
        (_, false) => ("web_identity_token_file", super::TOKEN_FILE.to_owned()),
    };
    let prefix = key.strip_suffix(setting).unwrap_or_default();
    let rewrites = vec![
        Edit { span: name_span, replacement: format!("{prefix}{new_name}") },
        Edit { span: value_span, replacement: new_value },
    ];
    found.push(removal(section, index, span, Cut::Rewrite(rewrites), Form::Profile).of(stored, is_id));
}

/// `serverless config credentials --provider aws --key KEY --secret SECRET`
fn serverless(
    section: &Section<'_, '_>,
    index: usize,
    command: &Command,
    invocation: &Invocation<'_>,
    found: &mut Vec<Removal>,
) {
    let literals: Vec<_> = invocation.arguments.iter().map(|word| word.literal().unwrap_or_default()).collect();
    if !literals.windows(2).any(|pair| pair[0] == "config" && pair[1] == "credentials") {
        return;
    }
    let option = |names: [&str; 2]| names.iter().find_map(|name| invocation.option(name));
    let Some(stored) = option(["--key", "-k"]).and_then(|word| stored_word(&word, KEY_ID)) else { return };
    let span = section.place(command.span);
    let mut removal = removal(section, index, span, Cut::Command, Form::Serverless).of(stored, true);
    let profile = option(["--profile", "-n"]).and_then(|word| word.to_literal());
    if profile.is_some_and(|profile| profile != "default") {
        removal.obstacle = Some("Serverless is not known to use a profile with a token file: use its default profile");
    }
    found.push(removal);
}

/// `echo … >> ~/.aws/credentials`, and here-documents.
fn credentials_file(section: &Section<'_, '_>, found: &mut Vec<Removal>) {
    let own = &section.facts.sections[section.number];
    let here = |order| (order >= section.facts.after_script) == (section.number == 1);
    let is_file = |path: &str| path.ends_with("/.aws/credentials") || path == ".aws/credentials";
    let writes: Vec<_> = section
        .facts
        .writes
        .iter()
        .filter(|write| here(write.order) && write.path.written().is_some_and(is_file))
        .collect();
    let keys: Vec<(String, Stored)> = section
        .facts
        .profiles
        .iter()
        .filter(|it| here(it.order) && it.key == "aws_access_key_id")
        .filter_map(|it| Some((it.profile.clone(), stored(&it.value, KEY_ID)?)))
        .collect();
    let mentions = writes.iter().any(|write| write.content.to_string().contains("aws_access_key_id"));
    if !mentions {
        return;
    }
    let placeholder = keys.is_empty()
        && section.facts.profiles.iter().any(|it| it.key == "aws_access_key_id" && it.value.literal().is_some());
    if placeholder {
        return;
    }
    let named = section.facts.profiles.iter().any(|it| it.key == "aws_access_key_id" && it.profile != "default")
        || keys.is_empty();
    let others = writes.iter().any(|write| {
        let text = write.content.to_string().replace("\\n", "\n");
        text.lines().any(|line| {
            let line = line.trim();
            let name = line.split('=').next().unwrap_or_default().trim();
            !line.is_empty()
                && line != "[default]"
                && !matches!(name, "aws_access_key_id" | "aws_secret_access_key" | "aws_session_token")
        })
    });
    let mut first = keys.into_iter().next().map(|(_, stored)| stored);
    for write in writes {
        let command = own.script.commands.iter().enumerate().find(|(_, command)| {
            let by_redirection = command.redirections.iter().any(|it| section.place(it.target.span) == write.span);
            by_redirection || command.words.iter().any(|word| section.place(word.span) == write.span)
        });
        let Some((index, command)) = command else { continue };
        let span = with_document(section, command);
        let is_id = write.content.to_string().contains("aws_access_key_id");
        let base = removal(section, index, span, Cut::Command, Form::CredentialsFile);
        let mut removal = match first.take_if(|_| is_id) {
            Some(stored) => base.of(stored, true),
            None => Removal { is_id: false, ..base },
        };
        if named || others {
            removal.obstacle = Some(
                "the file has profiles or settings besides the key: write `role_arn` and `web_identity_token_file` instead",
            );
        }
        // What is piped into `tee` goes with it.
        if matches!(command.context.output, crate::script::Output::Pipe(_)) || command.name().as_deref() == Some("tee")
        {
            removal.obstacle = Some("the key is piped into the file");
        }
        found.push(removal);
    }
}

/// Commands that write a key to a shell file in the clone, for other steps.
fn shell_files(section: &Section<'_, '_>, found: &mut Vec<Removal>) {
    let own = &section.facts.sections[section.number];
    let here = |order| (order >= section.facts.after_script) == (section.number == 1);
    for write in section.facts.writes.iter().filter(|write| here(write.order) && write.path.in_clone().is_some()) {
        let lines = key_files::keys(write);
        let mut keys = lines.iter().flatten().filter_map(|(name, value)| Some((*name, stored(value, name)?)));
        let Some((name, key)) = keys.next() else { continue };
        let writes =
            |command: &Command| command.redirections.iter().any(|it| section.place(it.target.span) == write.span);
        let command = own.script.commands.iter().enumerate().find(|(_, command)| writes(command));
        let Some((index, command)) = command else { continue };
        let span = with_document(section, command);
        let mut removal = removal(section, index, span, Cut::Command, Form::ShellFile).of(key, name == KEY_ID);
        if lines.iter().any(Option::is_none) {
            removal.obstacle = Some("the command writes other lines to the file besides the key");
        }
        found.push(removal);
    }
}

/// The span of a command with its here-document.
fn with_document(section: &Section<'_, '_>, command: &Command) -> Span {
    let span = section.place(command.span);
    let document = &section.context.document;
    let here = command.redirections.iter().find(|it| it.kind == RedirectionKind::HereDocument);
    let Some(here) = here else { return span };
    let operator = &document.text[section.place(here.span).start..];
    let word = operator.trim_start_matches(|c: char| c == '<' || c == '-' || c.is_ascii_digit()).trim_start();
    let delimiter: String =
        word.chars().filter(|c| *c != '\'' && *c != '"').take_while(|c| !c.is_whitespace()).collect();
    let mut at = document.line_end(span.end);
    while at < document.text.len() {
        let end = document.line_end(at);
        if document.text[at..end].trim() == delimiter {
            return Span::new(span.start, at + document.text[at..end].trim_end().len());
        }
        at = end;
    }
    span
}
