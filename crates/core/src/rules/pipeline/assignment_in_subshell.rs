use std::collections::{HashMap, HashSet};

use crate::{
    analysis::{Analysis, steps::shown},
    facts::ScriptSection,
    pipeline::Language,
    rules::{Findings, rule},
    script::{Command, Effect, OnFailure, Operator, Output},
    text::Span,
};

rule! {
    /// A variable or directory that is set in a subshell and used outside of it.
    ///
    /// The shell runs each part of a pipeline, and everything between `(` and `)`, in a copy of itself. What the copy sets is
    /// gone when it ends, so the variable is empty afterwards, and `cd` has changed nothing.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - git describe --tags | read VERSION
    ///           - ./release.sh "$VERSION"
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - VERSION=$(git describe --tags)
    ///           - ./release.sh "$VERSION"
    /// ```
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - (export APP_ENV=staging; npm run migrate)
    ///           - npm run seed -- --env="$APP_ENV"
    /// ```
    ///
    /// A variable that is also set outside the subshell, or that is read before it, is not reported: it may be set only for
    /// the commands in the subshell on purpose.
    ///
    /// Source: <https://www.gnu.org/software/bash/manual/html_node/Pipelines.html>.
    static RULE: "assignment-in-subshell", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.model.script_language(step) == Language::PowerShell {
            continue;
        }
        for section in &facts.sections {
            // In zsh, and in bash with `lastpipe`, the last part of a pipeline is not a subshell.
            if !section.script.commands.iter().any(|it| it.words.iter().any(|word| word.prefix() == "lastpipe")) {
                variables(section, findings);
                directories(file, section, findings);
            }
        }
    }
}

fn variables(section: &ScriptSection, findings: &mut Findings<'_>) {
    let mut lost: HashMap<String, Span> = HashMap::new();
    // Variables that something outside a subshell has set or read.
    let mut outside: HashSet<String> = HashSet::new();
    let mut piped = Piped::default();
    for (index, command) in section.script.commands.iter().enumerate() {
        let in_pipeline = piped.contains(index, command);
        if !command.context.subshell {
            for expansion in command.expansions() {
                let optional =
                    matches!(expansion.operator, Operator::Default(_) | Operator::Assign(_) | Operator::Alternative(_));
                if let Some(&set) = lost.get(&expansion.name).filter(|_| !optional) {
                    let name = &expansion.name;
                    let message = format!("`{name}` is empty here, because it is set in a subshell");
                    findings
                        .report(section.place(expansion.span), message)
                        .related(section.place(set), "set in a subshell, which ends with the command")
                        .help(format!("set it outside of the subshell: `{name}=$(…)`"));
                    lost.remove(name);
                }
                outside.insert(expansion.name.clone());
            }
        }
        for effect in command.effects() {
            let Effect::Set { name, span, exported, .. } = effect else { continue };
            if !command.context.subshell {
                lost.remove(&name);
                outside.insert(name);
            } else if (in_pipeline || exported) && command.on_failure != OnFailure::Captured && !outside.contains(&name)
            {
                lost.insert(name, span);
            }
        }
    }
}

/// Whether a command is part of a pipeline.
#[derive(Default)]
struct Piped {
    /// The first command of the part of a pipeline that was piped into last.
    into: Option<usize>,
    /// Whether everything since then ran in a subshell.
    open: bool,
}

impl Piped {
    fn contains(&mut self, index: usize, command: &Command) -> bool {
        self.open = command.context.subshell && (self.open || self.into == Some(index));
        let out = matches!(command.context.output, Output::Pipe(_));
        if let Output::Pipe(to) = command.context.output {
            self.into = Some(to);
        }
        self.open || out
    }
}

/// `(cd app)` with nothing after it in the subshell.
fn directories(file: &Analysis<'_>, section: &ScriptSection, findings: &mut Findings<'_>) {
    let commands = &section.script.commands;
    for (index, command) in commands.iter().enumerate() {
        let alone = command.context.subshell
            && command.context.output == Output::Log
            && command.on_failure == OnFailure::Exits
            && !index.checked_sub(1).is_some_and(|before| commands[before].context.subshell)
            && commands.get(index + 1).is_some_and(|next| !next.context.subshell);
        if alone && command.name().is_some_and(|name| name == "cd" || name == "pushd") {
            let span = file.first_line(section.place(command.span));
            let name = shown(file.source.slice(span));
            findings
                .report(span, format!("`{name}` has no effect: the subshell ends before anything runs in it"))
                .help("run it without parentheses, or together with the commands that need the directory");
        }
    }
}
