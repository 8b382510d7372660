//! Commands that pass a key on, so that the step cannot do without it before something else changes.

use super::{Section, commands::Removal};
use crate::{
    analysis::passed_keys,
    facts::is_key_id,
    migrate::{
        Form,
        names::{KEY_ID, SECRET},
    },
    script::{Command, Word},
    text::Span,
};

/// A key that goes somewhere else.
pub(super) struct Passed {
    pub(super) form: Form,
    pub(super) reason: String,
    pub(super) span: Span,
}

/// The commands that read a key besides those that are removed.
pub(super) fn blocking(section: &Section<'_, '_>, removals: &[Removal]) -> Vec<Passed> {
    let own = &section.facts.sections[section.number];
    if section.facts.calls_emulator() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, command) in own.script.commands.iter().enumerate() {
        let removed: Vec<Span> =
            removals.iter().filter(|removal| removal.command == index).map(|removal| removal.span).collect();
        let is_removed = |span: Span| removed.iter().any(|removed| removed.contains(span));
        let span = section.place(command.span);
        let reads = command.expansions().into_iter().any(|expansion| {
            let place = section.place(expansion.span);
            section.context.key_variables.contains(&expansion.name)
                && !is_removed(place)
                && is_stored(section, &expansion.name, place)
        });
        let program = command.invocation().map(|it| it.program).unwrap_or_default();
        let container = matches!(&*program, "docker" | "podman" | "docker-compose" | "nerdctl" | "buildah");
        let is_named = |word: &Word, name: &str| {
            passed_keys::names(word, name) && is_stored(section, name, section.place(word.span))
        };
        let names = container && command.words.iter().any(|word| is_named(word, KEY_ID) || is_named(word, SECRET));
        if !reads && !names || is_removed(span) {
            continue;
        }
        if let Some((form, reason)) = reason(section, command, &program) {
            found.push(Passed { form, reason, span });
        }
    }
    found
}

/// Whether a variable holds a stored key where it is read, and not that of a session.
fn is_stored(section: &Section<'_, '_>, name: &str, at: Span) -> bool {
    let here = |order| (order >= section.facts.after_script) == (section.number == 1);
    let before =
        section.facts.bindings.iter().rev().find(|it| it.name == name && here(it.order) && it.span.start < at.start);
    before.is_none_or(|it| it.value.copy_of().is_some() || it.value.literal().is_some_and(is_key_id))
}

fn reason(section: &Section<'_, '_>, command: &Command, program: &str) -> Option<(Form, String)> {
    let has = |word: &str| command.words.iter().any(|it| it.prefix() == word);
    let shown = crate::analysis::steps::shown(section.context.file.source.slice(section.place(command.span)));
    let assigned = |prefix: &str| {
        let words = command.words.iter().filter_map(|word| word.as_assignment().map(|it| it.name));
        let names = command.assignments.iter().map(|it| it.name.clone());
        words.chain(names).any(|name| name.starts_with(prefix))
    };
    Some(match program {
        // What is printed is only printed.
        "echo" | "printf" | ":" if command.prints_to_log() => return None,
        "docker" | "podman" | "docker-compose" | "nerdctl" | "buildah" if has("build") => (
            Form::Docker,
            "a build argument stays in the image's history: use BuildKit secrets, which the Dockerfile must read".to_owned(),
        ),
        "docker" | "podman" | "docker-compose" | "nerdctl" | "buildah" => (
            Form::Docker,
            "the container needs the role: pass the three values of a session (`aws configure export-credentials`), also `AWS_SESSION_TOKEN`"
                .to_owned(),
        ),
        "terraform" | "tofu" | "terragrunt" => (
            Form::Terraform,
            "remove the keys from the backend, the provider and the variables in the .tf files first; then remove these arguments".to_owned(),
        ),
        _ if assigned("TF_VAR_") => (
            Form::Terraform,
            "remove the variable and its use from the .tf files first; then remove this line".to_owned(),
        ),
        "[" | "[[" | "test" => (Form::Passed, format!("`{shown}` tests the key")),
        _ if command.words.is_empty() || has("export") => {
            // A copy that is exported under the usual name again is followed.
            (Form::Passed, format!("`{shown}` copies the key for something that is not in the file"))
        }
        "" => return None,
        _ => (Form::Passed, format!("`{shown}` passes the key on")),
    })
}
