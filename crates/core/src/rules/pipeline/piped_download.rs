use crate::{
    analysis::{Analysis, steps::shown},
    rules::{Findings, rule},
    script::{Command, Output, Part, Script},
};

rule! {
    /// A downloaded script that runs without a check, such as `curl … | sh`.
    ///
    /// Whoever controls the server, or the connection to it, runs commands with the step's variables and OIDC token,
    /// and no copy is left to inspect. Download a specific version, verify its checksum, then run it.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - curl -sSL https://example.com/install.sh | bash
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - curl -sSLo install.sh https://example.com/v1.2.3/install.sh
    ///           - echo "$INSTALL_SHA256  install.sh" | sha256sum -c
    ///           - bash install.sh
    /// ```
    static RULE: "piped-download", Warning, check
}

const DOWNLOADERS: [&str; 2] = ["curl", "wget"];
const INTERPRETERS: [&str; 12] =
    ["sh", "bash", "zsh", "dash", "ksh", "python", "python3", "node", "perl", "ruby", "source", "eval"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for section in &facts.sections {
            for (index, command) in section.script.commands.iter().enumerate() {
                if let Some(download) = source_of(&section.script, index) {
                    let span = section.place(download.span.cover(command.span));
                    let text = shown(file.source.slice(span));
                    findings
                        .report(file.first_line(span), format!("`{text}` runs a download without verifying it"))
                        .help("download a specific version, verify its checksum, then run it");
                }
            }
        }
    }
}

/// The download that an interpreter runs.
fn source_of(script: &Script, index: usize) -> Option<&Command> {
    let command = &script.commands[index];
    let invocation =
        command.invocation().filter(|it| INTERPRETERS.contains(&it.program.as_str()) || it.program == ".")?;
    let downloads = |command: &&Command| {
        command.invocation().is_some_and(|invocation| DOWNLOADERS.contains(&invocation.program.as_str()))
    };
    // Given a script, as in `python3 -c …` or `bash install.sh`, an interpreter reads its input as data.
    let reads_input = invocation.arguments.iter().all(|word| word.prefix().starts_with('-') && word.prefix() != "-c")
        || invocation.arguments.first().is_some_and(|word| matches!(word.prefix(), "-s" | "-"));
    let piped = script.commands[..index]
        .iter()
        .rev()
        .take_while(|other| other.context.output != Output::Log)
        .filter(|other| other.context.output == Output::Pipe(index))
        .find(downloads);
    let inside = invocation.arguments.iter().flat_map(|word| &word.parts).find_map(|part| match part {
        Part::Substitution { commands, .. } | Part::Other { commands, .. } => {
            script.commands.get(commands.clone())?.iter().find(downloads)
        }
        Part::Text { .. } | Part::Variable(_) => None,
    });
    piped.filter(|_| reads_input).or(inside)
}
