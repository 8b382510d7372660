//! Stored keys that a script passes to something else than AWS tools: containers, Terraform, files.

use crate::{
    facts::{StepFacts, Value},
    script::{Command, Part, Word},
    text::Span,
};

/// The variable that holds the id of a key.
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";

/// What gets a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// `docker run -e`
    Container,
    /// `docker build --build-arg`
    Build,
    /// A backend or a variable of Terraform.
    Terraform,
    /// A file that another step or program reads.
    File,
}

/// Where the key of Bitbucket's settings is passed on, and to what.
pub(crate) fn read(facts: &StepFacts) -> Vec<(Span, Receiver)> {
    let mut found = Vec::new();
    for section in &facts.sections {
        for command in &section.script.commands {
            let Some(receiver) = receiver(command) else { continue };
            let expanded = command.expansions().into_iter().find(|it| it.name == KEY_ID).map(|it| it.span);
            let container = matches!(receiver, Receiver::Container | Receiver::Build);
            let named = || command.words.iter().find(|word| container && names_key(word)).map(|word| word.span);
            let Some(place) = expanded.or_else(named).map(|span| section.place(span)) else { continue };
            let set = facts.bindings.iter().rev().find(|it| it.name == KEY_ID && it.span.start < place.start);
            let stored = |value: &Value| value.copy_of().is_some();
            if set.is_none_or(|it| stored(&it.value)) {
                found.push((place, receiver));
            }
        }
    }
    found
}

/// Where a script writes a key that has another name in Bitbucket's settings to a file, under the name that AWS tools read.
#[cfg(feature = "complete")]
pub(crate) fn renamed(facts: &StepFacts) -> Vec<(Span, Receiver)> {
    let mut found = Vec::new();
    for section in &facts.sections {
        for command in section.script.commands.iter().filter(|it| receiver(it) == Some(Receiver::File)) {
            let Some(variable) = command.words.iter().find_map(assigned_key).filter(|it| it.name != KEY_ID) else {
                continue;
            };
            let place = section.place(variable.span);
            if facts.bindings.iter().all(|it| it.name != variable.name || it.value.copy_of().is_some()) {
                found.push((place, Receiver::File));
            }
        }
    }
    found
}

fn receiver(command: &Command) -> Option<Receiver> {
    let assigned = command.words.iter().filter_map(Word::assigned_name);
    let mut names = assigned.chain(command.assignments.iter().map(|assignment| assignment.name.as_str()));
    if names.any(|name| name.starts_with("TF_VAR_")) {
        return Some(Receiver::Terraform);
    }
    let has = |word: &str| command.words.iter().any(|it| it.prefix() == word);
    match &*command.invocation()?.program {
        "docker" | "podman" | "docker-compose" | "nerdctl" if has("build") => Some(Receiver::Build),
        "docker" | "podman" | "docker-compose" | "nerdctl" => Some(Receiver::Container),
        "terraform" | "tofu" | "terragrunt" => Some(Receiver::Terraform),
        // Other rules see what is printed and what is written to AWS's own files.
        "echo" | "printf" => {
            let target = command.output_redirection()?.target.prefix();
            let is_aws = target.contains(".aws/") || target.starts_with("/dev/");
            (!is_aws && !command.prints_to_log()).then_some(Receiver::File)
        }
        _ => None,
    }
}

/// The variable in `"export AWS_ACCESS_KEY_ID=$KEY"`, a line of a shell file.
#[cfg(feature = "complete")]
fn assigned_key(word: &Word) -> Option<&crate::script::Expansion> {
    let assigns = |part: &Part| match part {
        Part::Text { text, .. } => text.strip_suffix('=').is_some_and(|line| {
            line.strip_suffix(KEY_ID).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\n']))
        }),
        _ => false,
    };
    word.parts.windows(2).find_map(|parts| match parts {
        [text, Part::Variable(variable)] if assigns(text) => Some(variable),
        _ => None,
    })
}

/// `-e AWS_ACCESS_KEY_ID`, `--env=AWS_ACCESS_KEY_ID`, `AWS_ACCESS_KEY_ID=$KEY`: not a placeholder such as
/// `AWS_ACCESS_KEY_ID=test`.
pub(crate) fn names_key(word: &Word) -> bool {
    names(word, KEY_ID)
}

/// The same for any variable.
pub(crate) fn names(word: &Word, variable: &str) -> bool {
    let text = word.prefix();
    let rest = ["--env=", "--build-arg=", "-e"].iter().find_map(|option| text.strip_prefix(option)).unwrap_or(text);
    match rest.strip_prefix(variable) {
        Some("") => word.literal().is_some(),
        Some("=") => word.parts.iter().any(|part| matches!(part, Part::Variable(_))),
        _ => false,
    }
}
