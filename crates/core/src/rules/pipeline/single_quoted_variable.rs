use std::collections::HashSet;

use crate::{
    analysis::Analysis,
    facts::{self, ScriptSection},
    pipeline::Language,
    rules::{Findings, rule},
    script::{Command, Output, Part, RedirectionKind, Word, is_name},
    text::Span,
};

rule! {
    /// A variable in single quotes, where the shell does not expand it.
    ///
    /// Between single quotes `$` is an ordinary character, so `'build $BITBUCKET_BUILD_NUMBER is done'` contains the name of
    /// the variable and not its value. Use double quotes.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm test
    ///           - ./notify.sh 'build $BITBUCKET_BUILD_NUMBER is done'
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm test
    ///           - ./notify.sh "build $BITBUCKET_BUILD_NUMBER is done"
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - ssh deploy@app.example.com 'docker pull acme/app:$BITBUCKET_COMMIT'
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - |
    ///             ssh deploy@app.example.com <<'EOF'
    ///               docker pull acme/app:$BITBUCKET_COMMIT
    ///             EOF
    /// ```
    ///
    /// Reported are variables that Bitbucket sets or that the file uses elsewhere. Programs that run or expand their
    /// arguments themselves, such as `bash -c`, `awk`, `jq` and `envsubst`, are not reported, and neither is a string that
    /// is written to a file or piped on. In a command for `ssh`, only Bitbucket's own variables are reported, because the
    /// server does not have them.
    ///
    /// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02>.
    static RULE: "single-quoted-variable", Hint, check
}

/// Programs that run or expand their arguments, or give `$` another meaning.
const EXPANDING: &[&str] = &[
    "eval",
    "trap",
    "alias",
    "ssh",
    "sshpass",
    "mosh",
    "scp",
    "sftp",
    "lftp",
    "rsync",
    "su",
    "runuser",
    "chroot",
    "nsenter",
    "awk",
    "gawk",
    "mawk",
    "jq",
    "yq",
    "gojq",
    "sed",
    "perl",
    "groovy",
    "envsubst",
    "find",
    "parallel",
    "watch",
    "script",
    "expect",
    "tmux",
    "screen",
    "make",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "test",
    "[",
    "[[",
    "expr",
    "case",
    "for",
    "ansible",
    "concurrently",
    "nodemon",
    "cross-env",
    "cross-env-shell",
    "flock",
    "fly",
    "heroku",
    "lerna",
    "pwsh",
    "powershell",
];

/// Programs that run their arguments with one of the words in [`RUNNING`].
const STARTING: &[&str] = &[
    "xargs",
    "npx",
    "npm",
    "yarn",
    "pnpm",
    "bun",
    "bunx",
    "aws",
    "gcloud",
    "az",
    "entr",
    "dockerize",
    "docker",
    "docker-compose",
    "podman",
    "buildah",
    "kubectl",
    "oc",
    "git",
];

/// Words with which they do.
const RUNNING: &[&str] = &[
    "exec",
    "run",
    "sh",
    "bash",
    "send-command",
    "run-command",
    "invoke",
    "config",
    "foreach",
    "filter-branch",
    "for-each-ref",
    "-c",
    "--command",
    "--exec",
    "-x",
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let facts = || file.steps().map(|(_, facts)| facts);
    let used: HashSet<&str> = facts()
        .flat_map(|facts| {
            facts.reads.iter().map(|read| &read.name).chain(facts.bindings.iter().map(|binding| &binding.name))
        })
        .map(String::as_str)
        .collect();
    let known = |name: &str| facts::availability(name).is_some() || used.contains(name);
    let mut reported: HashSet<Span> = HashSet::new();
    for (step, facts) in file.steps() {
        if file.model.script_language(step) == Language::PowerShell {
            continue;
        }
        for section in &facts.sections {
            // The script of `bash -c "…"`, whose quotes are inside others.
            let mut inner_until = 0;
            let evaluates = section.script.commands.iter().any(evaluates);
            for command in &section.script.commands {
                let nested = command.span.start < inner_until;
                inner_until = inner_until.max(command.span.end);
                if !nested && !evaluates {
                    here_document(file, section, command, findings);
                }
                if nested || matches!(command.context.output, Output::Pipe(_)) || command.output_redirection().is_some()
                {
                    continue;
                }
                let remote = remote_words(command).into_iter().map(|word| (word, true));
                for (word, remote) in
                    literal_words(command, evaluates).into_iter().map(|word| (word, false)).chain(remote)
                {
                    let is_known: &dyn Fn(&str) -> bool = if remote { &is_bitbucket } else { &known };
                    let Some(name) = quoted_name(section, word, is_known) else { continue };
                    let span = section.place(word.span);
                    let sign = format!("${name}");
                    let at = file.source.slice(span).find(&sign).or_else(|| file.source.slice(span).find("${"));
                    let start = at.map_or(span.start, |at| span.start + at);
                    let place = if at.is_some() { Span::new(start, start + sign.len()) } else { file.first_line(span) };
                    if reported.insert(place) {
                        let message = if remote {
                            format!("`${name}` is not set on the server that runs this")
                        } else {
                            format!("`${name}` is not expanded in single quotes")
                        };
                        findings.report(place, message).help("use double quotes");
                    }
                }
            }
        }
    }
}

/// Files that nothing expands variables in.
const DATA: [&str; 6] = [".json", ".html", ".txt", ".properties", ".toml", ".ini"];

/// `ssh host <<'EOF'` and `cat <<'EOF' > version.json`, in which one of Bitbucket's variables stays as it is.
fn here_document(file: &Analysis<'_>, section: &ScriptSection, command: &Command, findings: &mut Findings<'_>) {
    let document = command.redirections.iter().find(|redirection| redirection.kind == RedirectionKind::HereDocument);
    let plain = |word: &Word| word.parts.iter().all(|part| matches!(part, Part::Text { .. }));
    let Some(document) = document.map(|redirection| &redirection.target).filter(|target| plain(target)) else { return };
    let remote = command.name().is_some_and(|name| name == "ssh");
    let target = command.output_redirection().map(|redirection| redirection.target.prefix());
    if !remote && !target.is_some_and(|target| DATA.iter().any(|end| target.ends_with(end))) {
        return;
    }
    let Some(name) = first_name(section.script.slice(document.span), &is_bitbucket) else { return };
    let span = section.place(document.span);
    let at = file.source.slice(span).find(&format!("${name}")).or_else(|| file.source.slice(span).find("${"));
    let place =
        at.map_or_else(|| file.first_line(span), |at| Span::new(span.start + at, span.start + at + 1 + name.len()));
    let message = if remote {
        format!("`${name}` is not set on the server that runs this")
    } else {
        format!("`${name}` is not expanded, because the here-document's delimiter is in quotes")
    };
    findings.report(place, message).help("remove the quotes from the delimiter, and escape each other `$` as `\\$`");
}

/// Whether a command runs code, which may come from a variable.
fn evaluates(command: &Command) -> bool {
    command.invocation().is_some_and(|invocation| !invocation.code().is_empty() || invocation.program == "envsubst")
}

/// Whether Bitbucket sets a variable, only in the step's own container.
fn is_bitbucket(name: &str) -> bool {
    name.starts_with("BITBUCKET_") && facts::availability(name).is_some()
}

/// The command that `ssh` runs on a server.
fn remote_words(command: &Command) -> Vec<&Word> {
    let invocation = command.invocation().filter(|invocation| invocation.program == "ssh");
    invocation.map_or_else(Vec::new, |invocation| invocation.arguments.iter().skip(1).collect())
}

/// The words of a command that nothing but the shell would expand.
fn literal_words(command: &Command, evaluates: bool) -> Vec<&Word> {
    let assigned = command.assignments.iter().map(|assignment| &assignment.value).filter(|_| !evaluates);
    let Some(invocation) = command.invocation() else { return assigned.collect() };
    let program = invocation.program.as_ref();
    let sets = evaluates && matches!(program, "export" | "declare" | "local" | "readonly" | "typeset");
    let prompts = |word: &Word| word.prefix().starts_with("PS") || word.prefix().starts_with("PROMPT");
    if EXPANDING.contains(&program) || !invocation.code().is_empty() || sets || invocation.arguments.iter().any(prompts)
    {
        return assigned.collect();
    }
    // `aws ssm send-command`, `npx concurrently`, `xargs sh -c`
    let runs = |word: &Word| EXPANDING.contains(&word.prefix()) || RUNNING.contains(&word.prefix());
    if STARTING.contains(&program) && invocation.arguments.iter().any(runs) {
        return assigned.collect();
    }
    invocation.arguments.iter().chain(assigned).collect()
}

/// A known variable between the single quotes of a word without command substitutions.
fn quoted_name(section: &ScriptSection, word: &Word, known: &dyn Fn(&str) -> bool) -> Option<String> {
    let plain = word.parts.iter().all(|part| matches!(part, Part::Text { .. } | Part::Variable(_)));
    let raw = section.script.slice(word.span);
    if !plain || !raw.contains('\'') || !raw.contains('$') {
        return None;
    }
    let mut rest = raw;
    let mut doubled = false;
    while let Some(at) = rest.find(['\'', '"', '\\']) {
        let (sign, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        match sign {
            b'\\' => {
                let escaped = after.chars().next().map_or(0, char::len_utf8);
                rest = &after[escaped..];
            }
            b'\'' if !doubled => {
                let end = after.find('\'')?;
                if let Some(name) = first_name(&after[..end], known) {
                    return Some(name);
                }
                rest = &after[end + 1..];
            }
            sign => {
                doubled ^= sign == b'"';
                rest = after;
            }
        }
    }
    None
}

/// The first `$NAME` or `${NAME}` in a string that is a known variable.
fn first_name(text: &str, known: &dyn Fn(&str) -> bool) -> Option<String> {
    text.match_indices('$').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        // `${{NAME}}` is a template, which Bitbucket replaces before the shell runs.
        let rest = if rest.starts_with("{{") { "" } else { rest.trim_start_matches('{') };
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        (is_name(&rest[..end]) && known(&rest[..end])).then(|| rest[..end].to_owned())
    })
}
