use crate::{
    analysis::{
        Analysis,
        steps::{TokenAccess, shown},
    },
    diagnostic::Severity,
    rules::{Findings, rule},
    script::{Command, Output, Part, Script, Word},
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
    ///
    /// A hint, if the script is the installer that a widely used tool's own page gives, it is loaded over HTTPS, and the
    /// step has no OIDC token, no deployment environment and runs no AWS tool or pipe.
    static RULE: "piped-download", Warning, check
}

/// Where the installers of widely used tools are, after `https://`: the address, or the start of one that ends in `/`.
const INSTALLERS: [&str; 36] = [
    "astral.sh/ruff/",
    "astral.sh/uv/",
    "awscli.amazonaws.com/",
    "bootstrap.pypa.io/",
    "bun.sh/install",
    "cli.github.com/",
    "deb.nodesource.com/",
    "deno.land/install.sh",
    "deno.land/x/install/",
    "dot.net/v1/",
    "fnm.vercel.app/install",
    "get.docker.com",
    "get.helm.sh/",
    "get.pnpm.io/",
    "get.pulumi.com",
    "get.sdkman.io",
    "get.volta.sh",
    "getcomposer.org/",
    "github.com/aquasecurity/trivy/",
    "install.python-poetry.org",
    "just.systems/install.sh",
    "mise.run",
    "raw.githubusercontent.com/Homebrew/install/",
    "raw.githubusercontent.com/anchore/",
    "raw.githubusercontent.com/aquasecurity/trivy/",
    "raw.githubusercontent.com/aws/",
    "raw.githubusercontent.com/golangci/golangci-lint/",
    "raw.githubusercontent.com/helm/helm/",
    "raw.githubusercontent.com/nvm-sh/nvm/",
    "raw.githubusercontent.com/terraform-linters/tflint/",
    "rpm.nodesource.com/",
    "sh.rustup.rs",
    "starship.rs/install.sh",
    "taskfile.dev/install.sh",
    "truststore.pki.rds.amazonaws.com/",
    "yarnpkg.com/install.sh",
];

const DOWNLOADERS: [&str; 2] = ["curl", "wget"];
const INTERPRETERS: [&str; 12] =
    ["sh", "bash", "zsh", "dash", "ksh", "python", "python3", "node", "perl", "ruby", "source", "eval"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let credentials = file.token(step) != TokenAccess::Off
            || file.environments(step).iter().any(Option::is_some)
            || !facts.pipes.is_empty()
            || facts.tools.iter().any(|tool| tool.call.calls.needs_credentials());
        for section in &facts.sections {
            for (index, command) in section.script.commands.iter().enumerate() {
                if let Some(download) = source_of(&section.script, index) {
                    let span = section.place(download.span.cover(command.span));
                    let text = shown(file.source.slice(span));
                    let severity =
                        if is_installer(download) && !credentials { Severity::Hint } else { Severity::Warning };
                    let message = format!("`{text}` runs a download without verifying it");
                    findings
                        .report_as(severity, file.first_line(span), message)
                        .help("download a specific version, verify its checksum, then run it")
                        .one_cause();
                }
            }
        }
    }
}

/// Whether everything that a command downloads is an installer of a widely used tool, over HTTPS.
fn is_installer(download: &Command) -> bool {
    let Some(invocation) = download.invocation() else { return false };
    let is_known = |address: &str| {
        INSTALLERS.iter().any(|installer| match installer.strip_suffix('/') {
            Some(_) => address.starts_with(installer),
            None => address.trim_end_matches('/') == *installer,
        })
    };
    let mut addresses = invocation.arguments.iter().map(Word::prefix).filter(|text| text.contains("://")).peekable();
    addresses.peek().is_some()
        && addresses.all(|address| address.strip_prefix("https://").is_some_and(is_known))
        && !invocation.has_flag(&["-k", "--insecure", "--no-check-certificate"])
}

/// The download that an interpreter runs.
fn source_of(script: &Script, index: usize) -> Option<&Command> {
    let command = &script.commands[index];
    let invocation =
        command.invocation().filter(|it| INTERPRETERS.contains(&it.program.as_ref()) || it.program == ".")?;
    let downloads = |command: &&Command| {
        command.invocation().is_some_and(|invocation| DOWNLOADERS.contains(&invocation.program.as_ref()))
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
