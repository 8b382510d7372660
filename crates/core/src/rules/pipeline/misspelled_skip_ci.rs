use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    facts::ScriptSection,
    pipeline::ScriptItem,
    rules::{Findings, rule},
    script::{Command, Part, Word},
    text::Span,
};

rule! {
    /// A commit message that should not start a pipeline, but does.
    ///
    /// Bitbucket starts no pipeline for a commit whose message contains `[skip ci]` or `[ci skip]`. It does not know the
    /// spellings of other services, such as `[skip-ci]` or `[no ci]`, so a step that commits with one of them and pushes
    /// starts the pipeline again, which commits and pushes again.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - npm version patch --no-git-tag-version
    ///             - git commit -am "Next version [skip-ci]"
    ///             - git push
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - npm version patch --no-git-tag-version
    ///             - git commit -am "Next version [skip ci]"
    ///             - git push
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-start-conditions/>.
    static RULE: "misspelled-skip-ci", Warning, check
}

/// What other services call it, without blanks, hyphens and underscores.
const OTHERS: [&str; 24] = [
    "skipci",
    "ciskip",
    "noci",
    "cino",
    "skipcicd",
    "skippipeline",
    "skippipelines",
    "pipelineskip",
    "pipelinesskip",
    "nopipeline",
    "nopipelines",
    "skipbuild",
    "buildskip",
    "nobuild",
    "skipactions",
    "actionsskip",
    "skipcircle",
    "circleskip",
    "skiptravis",
    "travisskip",
    "skipjenkins",
    "skipbitbucket",
    "skipdeploy",
    "skipworkflow",
];

/// What Bitbucket knows.
const KNOWN: [&str; 2] = ["[skip ci]", "[ci skip]"];

/// Programs that only look at a message.
const READERS: [&str; 12] = ["test", "[", "[[", "grep", "egrep", "fgrep", "rg", "case", "sed", "awk", "echo", "printf"];

/// Programs that make commits.
const COMMITTERS: [&str; 14] = [
    "git",
    "npm",
    "yarn",
    "pnpm",
    "npx",
    "lerna",
    "mvn",
    "mvnw",
    "gradle",
    "gradlew",
    "bump2version",
    "bumpversion",
    "bump-my-version",
    "cz",
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        for section in &facts.sections {
            let mut commits = false;
            let mut others = Vec::new();
            for command in &section.script.commands {
                let invocation = command.invocation();
                let program = invocation.as_ref().map_or("", |invocation| &*invocation.program);
                let reads = READERS.contains(&program) && command.output_redirection().is_none();
                let searches =
                    command.words.get(1).is_some_and(|word| matches!(word.prefix(), "log" | "rev-list" | "config"));
                if reads || program == "git" && searches {
                    continue;
                }
                commits |= COMMITTERS.contains(&program);
                others.push(command);
            }
            if !commits {
                continue;
            }
            for (word, marker) in others.into_iter().filter_map(wrong_marker) {
                report(file, place(file, section, word.span, &marker), &marker, findings);
            }
        }
        for item in step.script_items() {
            let ScriptItem::Pipe(pipe) = item else { continue };
            for variable in &pipe.variables {
                let name = variable.name.value.to_ascii_uppercase();
                let text =
                    file.tree.text(variable.node).filter(|_| name.contains("COMMIT") || name.contains("MESSAGE"));
                if let Some(marker) = text.and_then(marker) {
                    let span = file.tree.span(file.tree.resolve(variable.node));
                    report(file, inside(file, span, &marker), &marker, findings);
                }
            }
        }
    }
}

fn report(file: &Analysis<'_>, span: Span, marker: &str, findings: &mut Findings<'_>) {
    let finding = findings.report(span, format!("Bitbucket does not know `{marker}`, so the commit starts a pipeline"));
    finding.help("use `[skip ci]`");
    if file.source.slice(span) == marker {
        let edit = Edit { span, replacement: KNOWN[0].to_owned() };
        finding.fix("change it to `[skip ci]`", Safety::Safe, vec![edit]);
    }
}

/// The first wrong marker in what a command is given, unless there is a right one too.
fn wrong_marker(command: &Command) -> Option<(&Word, String)> {
    let here_documents = command.redirections.iter().map(|redirection| &redirection.target);
    let assigned = command.assignments.iter().map(|assignment| &assignment.value);
    let bracketed = command.words.iter().chain(assigned).chain(here_documents).find_map(|word| {
        let texts = word.parts.iter().filter_map(|part| match part {
            Part::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        let whole: String = texts.collect();
        Some((word, marker(&whole)?))
    });
    bracketed.or_else(|| without_brackets(command))
}

/// `git commit -m "Next version, skip ci"`
fn without_brackets(command: &Command) -> Option<(&Word, String)> {
    let commits = command.words.iter().take(8).any(|word| word.prefix() == "commit");
    let messages = command.words.windows(2).filter(|words| {
        let option = words[0].prefix();
        option == "--message" || option.starts_with('-') && !option.starts_with("--") && option.ends_with('m')
    });
    messages.filter(|_| commits).find_map(|words| {
        let text = words[1].literal()?;
        let lower = text.to_ascii_lowercase();
        let known = KNOWN.iter().any(|known| lower.contains(known));
        let mut plain = ["skip ci", "ci skip", "skip-ci", "ci-skip"].into_iter().filter(|_| !known);
        let (at, length) = plain.find_map(|marker| Some((lower.find(marker)?, marker.len())))?;
        Some((&words[1], text[at..at + length].to_owned()))
    })
}

/// A marker of another service in a string.
fn marker(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| matches!(byte, b'[' | b'(' | b'{' | b'<' | b'*')) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if KNOWN.iter().any(|known| lower.contains(known)) {
        return None;
    }
    if let Some(at) = lower.find("***no_ci***") {
        return Some(text[at..at + "***no_ci***".len()].to_owned());
    }
    lower.match_indices(['[', '(', '{', '<']).find_map(|(open, bracket)| {
        const LONGEST: usize = 24;
        let closing = match bracket {
            "[" => ']',
            "(" => ')',
            "{" => '}',
            _ => '>',
        };
        let mut inside = lower[open + 1..].char_indices().take(LONGEST + 1);
        let (length, _) = inside.find(|(_, letter)| *letter == closing)?;
        let inside = &lower[open + 1..open + 1 + length];
        let letters: String = inside.chars().filter(|letter| !matches!(letter, ' ' | '-' | '_' | '/' | ':')).collect();
        OTHERS.contains(&letters.as_str()).then(|| text[open..open + length + 2].to_owned())
    })
}

/// Where a marker is in a word of a script.
fn place(file: &Analysis<'_>, section: &ScriptSection, word: Span, marker: &str) -> Span {
    inside(file, section.place(word), marker)
}

fn inside(file: &Analysis<'_>, span: Span, marker: &str) -> Span {
    let at = file.source.slice(span).find(marker).map(|at| span.start + at);
    at.map_or_else(|| file.first_line(span), |at| Span::new(at, at + marker.len()))
}
