//! Commands that pass a key on, so that the step cannot do without it before something else changes.

use super::{Section, commands::Removal};
use crate::{
    analysis::passed_keys,
    facts::is_key_id,
    migrate::{
        Form,
        names::{KEY_ID, SECRET},
    },
    script::{Command, Part, Word},
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
        let reads = reads || gives_terraform(command, &program).is_some_and(|span| !is_removed(section.place(span)));
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

/// Where a command gives a part of a key to Terraform by a variable, whatever its name: `-backend-config="access_key=$KEY"`,
/// `-var aws_secret_key=$SECRET`, `TF_VAR_access_key=$KEY`.
fn gives_terraform(command: &Command, program: &str) -> Option<Span> {
    let is_terraform = matches!(program, "terraform" | "tofu" | "terragrunt");
    let concerns = |word: &&Word| is_terraform || word.prefix().starts_with(TERRAFORM_VARIABLE);
    let argument = command.words.iter().filter(concerns).find(|word| {
        word.parts.windows(2).any(|parts| match parts {
            [Part::Text { text, .. }, Part::Variable(_)] => text.strip_suffix('=').is_some_and(names_key),
            _ => false,
        })
    });
    let assigned = command
        .assignments
        .iter()
        .find(|it| it.name.starts_with(TERRAFORM_VARIABLE) && names_key(&it.name) && it.value.variable().is_some());
    argument.map(|word| word.span).or(assigned.map(|it| it.span))
}

/// What the environment calls the variables of Terraform.
const TERRAFORM_VARIABLE: &str = "TF_VAR_";

/// Whether a setting is called like a part of a key.
fn names_key(setting: &str) -> bool {
    let setting = setting.to_ascii_lowercase();
    ["access_key", "access_key_id", "secret_key", "secret_access_key"].iter().any(|name| setting.ends_with(name))
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
        _ if assigned(TERRAFORM_VARIABLE) => (
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
