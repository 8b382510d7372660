use crate::{
    analysis::{Analysis, steps::shown},
    diagnostic::Severity,
    facts::ScriptSection,
    pipeline::{Language, ScriptItem},
    rules::{Findings, rule},
    script::{
        Command, Invocation, OnFailure, Output, Script, Word,
        programs::{Importance, importance},
    },
};

rule! {
    /// A test, build or deployment whose failure does not fail the step.
    ///
    /// Bitbucket runs a script with `set -e`: the step fails with the first command that fails. Three forms hide a failure
    /// from it, and the step passes although its tests did not:
    ///
    /// - In `npm test | tee test.log` only the last command of the pipeline counts. `set -o pipefail` makes all of them count.
    /// - In `npm test && npm run coverage` a failure before `&&` skips the rest of the list, and the script goes on with the
    ///   next command. Write the commands on separate lines.
    /// - After `set +e` the script goes on whatever fails, until `set -e`.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm test | tee test.log
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - set -o pipefail
    ///           - npm test | tee test.log
    /// ```
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm test && npm run coverage
    ///           - npm run lint
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm test
    ///           - npm run coverage
    ///           - npm run lint
    /// ```
    ///
    /// Reported are programs that are known to test, build, install or deploy, and scripts of the repository. A pipeline
    /// that ends in `grep`, `jq` or `xargs`, whose own status is the answer, is not reported, and neither are lists at the
    /// end of the script, whose failure fails the step. `after-script` never fails a step.
    ///
    /// Sources:
    /// <https://support.atlassian.com/bitbucket-cloud/kb/why-does-bitbucket-pipelines-pass-build-steps-despite-previous-command-failure/>,
    /// <https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html>.
    static RULE: "ignored-failure", Warning, check
}

/// Programs that show, keep or reformat what is piped into them, and succeed whatever it says.
const VIEWERS: [&str; 37] = [
    "tee",
    "cat",
    "tail",
    "sed",
    "awk",
    "gawk",
    "less",
    "more",
    "tr",
    "cut",
    "sort",
    "uniq",
    "nl",
    "fold",
    "fmt",
    "column",
    "ts",
    "logger",
    "wc",
    "indent",
    "gzip",
    "bzip2",
    "xz",
    "zstd",
    "base64",
    "rev",
    "tac",
    "pr",
    "ccze",
    "colorize",
    "bunyan",
    "pino-pretty",
    "xcpretty",
    "xcbeautify",
    "tap-spec",
    "tojunit",
    "go-junit-report",
];

/// Programs whose own status answers a question about what is piped into them.
const READERS: [&str; 14] =
    ["grep", "egrep", "fgrep", "rg", "jq", "yq", "xargs", "head", "read", "while", "diff", "cmp", "test", "parallel"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.model.script_language(step) == Language::PowerShell {
            continue;
        }
        let [section, _] = &facts.sections;
        let last_item = step
            .script
            .iter()
            .rposition(|item| !matches!(item, ScriptItem::Command(text) if text.value.trim().is_empty()));
        in_pipelines(file, section, findings);
        in_lists(file, section, last_item.unwrap_or_default(), findings);
        without_errexit(file, section, last_item.unwrap_or_default(), findings);
    }
}

/// A command that the step is there for, and how certain that is.
fn important(command: &Command) -> Option<(Invocation<'_>, Importance)> {
    let invocation = command.invocation()?;
    let importance = importance(&invocation.path, &invocation.program, invocation.arguments)?;
    Some((invocation, importance))
}

/// `npm test | tee log`
fn in_pipelines(file: &Analysis<'_>, section: &ScriptSection, findings: &mut Findings<'_>) {
    let script = &section.script;
    let status_reads = status_reads(script);
    let mut pipefail = false;
    let mut reported = None;
    // The end of the script of `bash -o pipefail -c '…'`.
    let mut checked_until = 0;
    for command in &script.commands {
        if let Some(on) = option(command, 'o', "pipefail") {
            pipefail = on;
        }
        if command.invocation().is_some_and(|it| it.inline_script().is_some() && sets_pipefail(&it)) {
            checked_until = checked_until.max(command.span.end);
        }
        let Output::Pipe(to) = command.context.output else { continue };
        if pipefail
            || command.span.start < checked_until
            || command.on_failure == OnFailure::Captured
            || reported == Some(to)
        {
            continue;
        }
        let (Some((invocation, importance)), Some(reader)) = (important(command), script.commands.get(to)) else {
            continue;
        };
        let item = |index: usize| script.locate(script.commands[index].span).0;
        let read = status_reads.get(status_reads.partition_point(|&index| index <= to));
        if read.is_some_and(|&index| item(index) == item(to)) || decided(command, reader, script.commands.get(to + 1)) {
            continue;
        }
        let Some(severity) = weight(importance, script, reader) else { continue };
        reported = Some(to);
        let span = file.first_line(section.place(invocation.span));
        let name = shown(file.source.slice(span));
        let reader = reader.invocation().map(|reader| reader.program).unwrap_or_default();
        findings
            .report_as(
                severity,
                span,
                format!("the step passes even if `{name}` fails: only the status of `{reader}` counts"),
            )
            .help("add `set -o pipefail` before it");
    }
}

/// Whether the author takes the failure of the command itself for an answer.
fn decided(command: &Command, reader: &Command, next: Option<&Command>) -> bool {
    let conditional = |command: &Command| command.on_failure == OnFailure::Decides;
    let viewer = || reader.invocation().is_some_and(|reader| VIEWERS.contains(&reader.program.as_ref()));
    // `npm test | tee log || true` says so; `npm test | tee log || exit 1` decides on the status of `tee`.
    let unimportant = || next.and_then(Command::name).is_some_and(|name| name == "true" || name == ":");
    conditional(command) && !conditional(reader) || conditional(reader) && (!viewer() || unimportant())
}

/// How much it matters that the status of a command is lost in a pipeline into `reader`.
fn weight(importance: Importance, script: &Script, reader: &Command) -> Option<Severity> {
    let mut reader = reader;
    loop {
        let invocation = reader.invocation()?;
        let program = &invocation.program;
        if invocation.has_flag(&["-set-exit-code", "--set-exit-code"]) || READERS.contains(&program.as_ref()) {
            return None;
        }
        let viewer = VIEWERS.contains(&program.as_ref());
        match reader.context.output {
            // Through `sed` and the like into something that reads it.
            Output::Pipe(next) if viewer => reader = script.commands.get(next)?,
            _ if viewer && importance == Importance::Certain => return Some(Severity::Warning),
            _ if viewer || importance == Importance::Certain && reader.context.output == Output::Log => {
                return Some(Severity::Hint);
            }
            _ => return None,
        }
    }
}

/// The commands that read `PIPESTATUS`, in order.
fn status_reads(script: &Script) -> Vec<usize> {
    let reads = |command: &Command| {
        command.expansions().iter().any(|expansion| matches!(expansion.name.as_str(), "PIPESTATUS" | "pipestatus"))
    };
    (0..script.commands.len()).filter(|&index| reads(&script.commands[index])).collect()
}

/// `npm test && npm run coverage`, with more commands after it.
fn in_lists(file: &Analysis<'_>, section: &ScriptSection, last_item: usize, findings: &mut Findings<'_>) {
    let commands = &section.script.commands;
    let mut index = 0;
    while index < commands.len() {
        let skips = |command: &Command| {
            matches!(command.on_failure, OnFailure::SkipsList | OnFailure::Captured)
                || matches!(command.context.output, Output::Pipe(_))
        };
        let length = commands[index..].iter().take_while(|command| skips(command)).count();
        let (skipping, end) = (&commands[index..index + length], index + length);
        index = end + 1;
        let Some(closing) = commands.get(end) else { continue };
        if end + 1 == commands.len() && section.script.locate(closing.span).0 >= last_item {
            continue;
        }
        // A subshell fails with its last list.
        let candidates =
            skipping.iter().filter(|command| command.on_failure == OnFailure::SkipsList && !command.context.subshell);
        let found = candidates.filter_map(important).find(|(_, importance)| *importance == Importance::Certain);
        let Some((invocation, _)) = found else { continue };
        let span = file.first_line(section.place(invocation.span));
        let name = shown(file.source.slice(span));
        findings
            .report_as(Severity::Hint, span, format!("the script goes on after `{name}` fails, because `&&` follows"))
            .help("run the commands on separate lines, so that the first failure ends the step");
    }
}

/// `set +e`, and nothing that turns errexit on again or reads a status.
fn without_errexit(file: &Analysis<'_>, section: &ScriptSection, last_item: usize, findings: &mut Findings<'_>) {
    let commands = &section.script.commands;
    let plain = |command: &Command| !command.context.conditional && !command.context.subshell;
    let off = |command: &Command| plain(command) && option(command, 'e', "errexit") == Some(false);
    let Some(at) = commands.iter().position(off) else { return };
    let rest = &commands[at + 1..];
    let on = |command: &Command| option(command, 'e', "errexit") == Some(true);
    let reads = |command: &Command| {
        let traps = command.name().is_some_and(|name| name == "trap");
        traps || command.expansions().iter().any(|expansion| matches!(expansion.name.as_str(), "?" | "PIPESTATUS"))
    };
    if rest.iter().any(|command| on(command) || reads(command)) {
        return;
    }
    let ends = |index: usize| index + 1 == rest.len() && section.script.locate(rest[index].span).0 >= last_item;
    let lost = rest.iter().enumerate().find_map(|(index, command)| {
        let counted = command.on_failure == OnFailure::Exits && command.context.output == Output::Log;
        let (invocation, importance) = important(command).filter(|_| counted && plain(command) && !ends(index))?;
        (importance == Importance::Certain).then_some(invocation)
    });
    let Some(invocation) = lost else { return };
    let span = file.first_line(section.place(invocation.span));
    let name = shown(file.source.slice(span));
    findings
        .report(
            section.place(commands[at].span),
            format!("the step passes even if `{name}` fails, because of `set +e`"),
        )
        .related(span, "its status is not checked")
        .help("remove `set +e`, or check the exit status in the same item");
}

/// Whether a command turns an option of the shell on or off: `set -e`, `set -euo pipefail`, `shopt -so pipefail`.
fn option(command: &Command, letter: char, long: &str) -> Option<bool> {
    let name = command.name().filter(|name| name == "set" || name == "shopt")?;
    let mut found = None;
    let mut words = command.words[1..].iter().map(Word::prefix);
    while let Some(word) = words.next() {
        let on = !word.starts_with('+');
        let Some(letters) = word.strip_prefix(['-', '+']) else { break };
        if name == "shopt" {
            return words.any(|word| word == long).then_some(letters.contains('s'));
        }
        if letter != 'o' && letters.contains(letter) {
            found = Some(on);
        }
        if letters.ends_with('o') && words.next() == Some(long) {
            found = Some(on);
        }
    }
    found
}

/// `bash -o pipefail -c …`
fn sets_pipefail(invocation: &Invocation<'_>) -> bool {
    let words = invocation.arguments.iter().map(Word::prefix);
    words
        .clone()
        .zip(words.skip(1))
        .any(|(option, value)| option.starts_with('-') && option.ends_with('o') && value == "pipefail")
}
