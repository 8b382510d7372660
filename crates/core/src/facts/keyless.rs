//! Role sessions that the `keyless` command gets: `keyless exec` and `keyless credential-process`.

use super::Order;
use crate::{script::Invocation, text::Span};

/// A role session that the `keyless` command gets in exchange for the step's token.
#[derive(Clone, Debug)]
pub struct Session {
    /// What asks for it.
    pub source: SessionSource,
    /// The command, or where the profile is written.
    pub span: Span,
    /// When.
    pub order: Order,
    /// Whether it runs in some runs only.
    pub conditional: bool,
}

/// What asks for a role session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSource {
    /// `keyless exec`, for the command that it runs.
    Exec,
    /// `keyless credential-process`.
    CredentialProcess,
    /// A profile of the AWS configuration with `credential_process = keyless credential-process`.
    Profile,
}

impl SessionSource {
    /// As it is written.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Exec => "keyless exec",
            Self::CredentialProcess | Self::Profile => "keyless credential-process",
        }
    }
}

/// Programs that run a command of a Python or npm package, with the words before the package.
const RUNNERS: [(&str, &str); 8] = [
    ("uvx", ""),
    ("pipx", "run"),
    ("uv", "run"),
    ("uv", "tool"),
    ("poetry", "run"),
    ("pipenv", "run"),
    ("python", "-m"),
    ("python3", "-m"),
];

/// The source of a session that a command asks for.
pub(super) fn session(invocation: &Invocation<'_>) -> Option<SessionSource> {
    let words: Vec<_> = invocation.arguments.iter().map_while(crate::script::Word::literal).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let own = match invocation.program.as_ref() {
        "keyless" => &words[..],
        program => {
            let (_, between) = RUNNERS.iter().find(|(runner, between)| {
                *runner == program && (between.is_empty() || words.first() == Some(between))
            })?;
            let at = words.iter().position(|word| is_package(word))?;
            let skipped = words[..at].iter().all(|word| word == between || *word == "run" || word.starts_with('-'));
            skipped.then(|| &words[at + 1..])?
        }
    };
    if own.iter().any(|word| matches!(*word, "--help" | "-h") && own.first() != Some(&"exec")) {
        return None;
    }
    let own = match own {
        ["--color", _, rest @ ..] => rest,
        own => own,
    };
    let mut own = own.iter().skip_while(|word| word.starts_with("--color="));
    match own.next() {
        Some(&"exec") => (!matches!(own.next(), Some(&"--help" | &"-h"))).then_some(SessionSource::Exec),
        Some(&"credential-process") => Some(SessionSource::CredentialProcess),
        _ => None,
    }
}

fn is_package(word: &str) -> bool {
    word.split(['=', '@', '>', '<', '~']).next() == Some("keyless")
}

/// Whether the text of an AWS configuration has a profile that gets its credentials from `keyless credential-process`.
pub(super) fn is_profile(text: &str) -> bool {
    text.split('\n')
        .flat_map(|line| line.split("\\n"))
        .any(|line| line.trim_start().strip_prefix("credential_process").is_some_and(is_credential_process))
}

/// Whether a command is `keyless credential-process`, by any path.
pub(super) fn is_credential_process(text: &str) -> bool {
    let mut words =
        text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=')).filter(|word| !word.is_empty());
    words.any(|word| word.rsplit('/').next() == Some("keyless")) && words.any(|word| word == "credential-process")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    #[test]
    fn sessions_are_found_by_any_runner() {
        let mut wrong = Vec::new();
        for (text, expected) in [
            ("keyless exec -- cdk deploy", Some("keyless exec")),
            ("keyless --color never exec terraform apply", Some("keyless exec")),
            ("/usr/local/bin/keyless exec -- env", Some("keyless exec")),
            ("uvx keyless exec -- env", Some("keyless exec")),
            ("uvx keyless@0.1.0 exec -- env", Some("keyless exec")),
            ("pipx run keyless==0.1.0 exec -- env", Some("keyless exec")),
            ("python3 -m keyless exec -- aws --help", Some("keyless exec")),
            ("keyless credential-process", Some("keyless credential-process")),
            ("keyless exec --help", None),
            ("keyless lint", None),
            ("keyless credential-process --help", None),
            ("pip install keyless", None),
            ("echo keyless exec", None),
        ] {
            let script = Script::parse([text]);
            let found = script.commands[0].invocation().and_then(|invocation| session(&invocation));
            if found.map(SessionSource::command) != expected {
                wrong.push(format!("{text}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn profiles_name_the_command() {
        for (text, expected) in [
            ("[profile a]\ncredential_process = keyless credential-process\n", true),
            ("[profile a]\n  credential_process=\"/opt/keyless\" credential-process", true),
            ("[default]\\ncredential_process = keyless credential-process\\n", true),
            ("[default]\ncredential_process = aws-vault export\n", false),
            ("# keyless credential-process\n", false),
        ] {
            assert_eq!(is_profile(text), expected, "{text}");
        }
    }
}
