//! Programs that a step starts and its image certainly lacks.

use std::{borrow::Cow, collections::HashSet};

use crate::{
    analysis::Analysis,
    facts::{StepFacts, images},
    pipeline::{Language, ScriptItem, Step, Text},
    script::{Command, Output, Part, Script, Word},
    text::Span,
};

/// A program that is not in the image of its step.
#[derive(Clone, Debug)]
pub struct MissingProgram<'f> {
    /// The program.
    pub program: String,
    /// The command that starts it.
    pub span: Span,
    /// The image.
    pub image: Text<'f>,
    /// Where the statement about the image comes from.
    pub source: &'static images::Source,
}

/// Words that a script mentions when it installs a program whose package has another name.
const PACKAGES: [(&str, &[&str]); 26] = [
    ("aws", &["awscli", "awscliv2"]),
    ("az", &["azure"]),
    ("bun", &["oven"]),
    ("cargo", &["rustup", "rust"]),
    ("cdk", &["nodejs"]),
    ("composer", &["getcomposer"]),
    ("docker", &["moby"]),
    ("docker-compose", &["compose"]),
    ("gcc", &["build-essential", "build-base", "base-devel"]),
    ("gcloud", &["google"]),
    ("gh", &["github"]),
    ("go", &["golang"]),
    ("gradle", &["sdkman"]),
    ("java", &["jdk", "openjdk", "jre", "temurin", "corretto"]),
    ("make", &["build-essential", "build-base", "base-devel"]),
    ("mvn", &["maven"]),
    ("npm", &["nodejs", "node", "nodesource", "nvm", "fnm"]),
    ("npx", &["nodejs", "node", "nodesource", "nvm", "fnm", "npm"]),
    ("node", &["nodejs", "nodesource", "nvm", "fnm"]),
    ("pip", &["python", "python3", "py3"]),
    ("pip3", &["python", "python3", "py3", "pip"]),
    ("psql", &["postgresql", "postgres"]),
    ("pnpm", &["corepack"]),
    ("rustc", &["rustup", "rust"]),
    ("terraform", &["tfenv", "tenv", "hashicorp"]),
    ("yarn", &["corepack", "yarnpkg"]),
];

/// Programs that `pip install` may bring.
const FROM_PIP: [&str; 7] = ["aws", "sam", "az", "poetry", "uv", "docker-compose", "yq"];

/// Programs that install others without naming them, or run commands that are not in the file.
const INSTALLERS: [&str; 16] = [
    "source",
    ".",
    "eval",
    "brew",
    "nix",
    "nix-env",
    "nix-shell",
    "devbox",
    "asdf",
    "mise",
    "sdk",
    "conda",
    "mamba",
    "ansible-playbook",
    "dpkg",
    "rpm",
];

/// Package managers: with a package that only a variable or a file names, they may install anything.
const PACKAGE_MANAGERS: [&str; 9] = ["apt-get", "apt", "aptitude", "apk", "yum", "dnf", "microdnf", "zypper", "pacman"];

/// Parts of the names of scripts and targets that install something.
const SETUP_WORDS: [&str; 9] =
    ["install", "setup", "set-up", "bootstrap", "deps", "dependencies", "tool", "prepare", "provision"];

impl<'f> Analysis<'f> {
    /// The programs of a step that its image certainly lacks and that nothing before them may have installed; each once.
    ///
    /// Steps on self-hosted runners are left out, because some of them do not use the image.
    pub fn missing_programs(&self, step: &Step<'f>, facts: &StepFacts) -> Vec<MissingProgram<'f>> {
        let image = step.image.or(self.model.image).and_then(|image| image.name);
        let Some(image) = image.filter(|_| !self.model.on_self_hosted_runner(step)) else { return Vec::new() };
        if self.model.script_language(step) == Language::PowerShell {
            return Vec::new();
        }
        let in_image = images::Programs::of(image.value);
        let lacks = |command: &Command| {
            started(command).is_some_and(|(program, _)| in_image.certainly_lack(&program).is_some())
        };
        // Most steps need no look at what they install.
        if !facts.sections.iter().flat_map(|section| &section.script.commands).any(lacks) {
            return Vec::new();
        }
        let mut missing: Vec<MissingProgram<'f>> = Vec::new();
        let mut installed = Installed::default();
        for section in &facts.sections {
            for (index, command) in section.script.commands.iter().enumerate() {
                if installed.anything {
                    return missing;
                }
                if let Some((program, span)) = started(command)
                    && let Some(source) = in_image.certainly_lack(&program)
                    && !installed.may_include(&program)
                    && !defines_function(step, &program)
                    && missing.iter().all(|known| known.program != program)
                {
                    let program = program.into_owned();
                    missing.push(MissingProgram { program, span: section.place(span), image, source });
                }
                installed.note(&section.script, index, command);
            }
        }
        missing
    }
}

/// The program that a command starts by its bare name.
fn started(command: &Command) -> Option<(Cow<'_, str>, Span)> {
    // `command -v zip` asks whether there is one.
    let asks = command.words.first().is_some_and(|word| word.prefix() == "command")
        && command.words.get(1).is_some_and(|word| matches!(word.prefix(), "-v" | "-V"));
    let invocation = command.invocation().filter(|_| !asks)?;
    (!invocation.path.contains('/')).then_some((invocation.program, invocation.span))
}

fn defines_function(step: &Step<'_>, program: &str) -> bool {
    let forms = [format!("{program}()"), format!("{program} ()"), format!("function {program}")];
    step.script_items().any(|item| match item {
        ScriptItem::Command(command) => forms.iter().any(|form| command.value.contains(form)),
        ScriptItem::Pipe(_) | ScriptItem::Other(_) => false,
    })
}

/// What the commands so far may have installed.
#[derive(Default)]
struct Installed {
    /// Anything at all.
    anything: bool,
    /// Packages of Python that are not named.
    from_pip: bool,
    /// Words that the commands mention: packages, files, addresses.
    mentioned: HashSet<String>,
}

impl Installed {
    fn may_include(&self, program: &str) -> bool {
        let packages = PACKAGES.iter().find(|(name, _)| *name == program).map_or(&[][..], |(_, packages)| packages);
        self.mentioned.contains(program)
            || packages.iter().any(|package| self.mentioned.contains(*package))
            || program.starts_with("ssh") && self.mentioned.contains("openssh")
            || program == "scp" && self.mentioned.contains("openssh")
            || self.from_pip && FROM_PIP.contains(&program)
    }

    fn note(&mut self, script: &Script, index: usize, command: &Command) {
        let sets_path = command.assignments.iter().any(|assignment| assignment.name == "PATH")
            || command.words.iter().any(|word| word.prefix().starts_with("PATH="));
        let Some(invocation) = command.invocation() else {
            // A program whose name is in a variable.
            self.anything |= sets_path || !command.words.is_empty();
            return;
        };
        let program = invocation.program.as_ref();
        let literal = invocation.arguments.iter().map(Word::prefix);
        let sets_up = |text: &str| SETUP_WORDS.iter().any(|word| text.contains(word));
        let runs_script =
            invocation.path.contains('/') || matches!(program, "sh" | "bash" | "zsh" | "make" | "just" | "task");
        let names_setup = sets_up(&invocation.path) || literal.clone().any(sets_up);
        let reads_pipe = matches!(program, "sh" | "bash" | "zsh") && is_piped_into(script, index);
        let manages = PACKAGE_MANAGERS.contains(&program)
            && invocation.arguments.iter().any(|word| word.parts.iter().any(|part| !matches!(part, Part::Text { .. })));
        self.anything |= sets_path
            || INSTALLERS.contains(&program)
            || (runs_script && names_setup)
            || reads_pipe
            || manages
            || command.words.iter().any(|word| word.prefix() == "xargs")
                && command.words.iter().any(|word| PACKAGE_MANAGERS.contains(&word.prefix()));
        if matches!(program, "pip" | "pip3" | "python" | "python3" | "uv" | "pipx" | "poetry") {
            self.from_pip |= literal.clone().any(|word| matches!(word, "install" | "sync"));
        }
        // `npx` installs nothing that other commands find.
        if matches!(program, "echo" | "printf" | "npx" | "bunx" | "pnpx") && command.redirections.is_empty() {
            return;
        }
        let words =
            command.words.iter().skip(1).chain(command.redirections.iter().map(|redirection| &redirection.target));
        // The commands of `sh -c '…'` are noted themselves.
        let code = invocation.code();
        for word in words.filter(|word| code.iter().all(|script| script.span != word.span)) {
            for part in &word.parts {
                if let Part::Text { text, .. } = part {
                    self.mention(text);
                }
            }
        }
    }

    /// Notes the words of a text, except the extensions of files: `function.zip` does not mention `zip`.
    fn mention(&mut self, text: &str) {
        let mut before = None;
        for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
            let name = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
            if !name.is_empty() && before != Some('.') {
                self.mentioned.insert(name.to_ascii_lowercase());
            }
            before = word.chars().next_back();
        }
        self.mentioned.insert(text.to_ascii_lowercase());
    }
}

/// Whether one of the commands shortly before pipes into a command.
fn is_piped_into(script: &Script, index: usize) -> bool {
    const BEFORE: usize = 8;
    script.commands[index.saturating_sub(BEFORE)..index].iter().any(|other| other.context.output == Output::Pipe(index))
}
