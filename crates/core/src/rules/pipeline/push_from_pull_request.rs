use std::borrow::Cow;

use crate::{
    analysis::{Analysis, steps::shown},
    facts::StepFacts,
    pipeline::Start,
    rules::{Findings, rule},
    script::{Command, Invocation, Part, Word},
    text::Span,
};

rule! {
    /// A pull request pipeline that pushes to another repository.
    ///
    /// The pipeline runs the code of the source branch before anyone has reviewed it. That code can read the token or the SSH
    /// key, and with it write to the other repository, or to every repository that the token is for.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           script:
    ///             - ./render.sh > docs.html
    ///             - git clone "https://x-token-auth:$DOCS_TOKEN@bitbucket.org/example/docs.git" /tmp/docs
    ///             - cp docs.html /tmp/docs/
    ///             - git -C /tmp/docs commit -am "Update"
    ///             - git -C /tmp/docs push
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           script:
    ///             - ./render.sh > docs.html
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - ./render.sh > docs.html
    ///             - git clone "https://x-token-auth:$DOCS_TOKEN@bitbucket.org/example/docs.git" /tmp/docs
    ///             - cp docs.html /tmp/docs/
    ///             - git -C /tmp/docs commit -am "Update"
    ///             - git -C /tmp/docs push
    /// ```
    ///
    /// A push to the pipeline's own repository, which needs no token, is not reported.
    static RULE: "push-from-pull-request", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if !file.model.starts(step).contains(&Start::PullRequests) {
            continue;
        }
        let Some((push, remote)) = push(facts) else { continue };
        let span = file.first_line(push);
        let message =
            format!("`{}` lets code of a pull request write to another repository", shown(file.source.slice(span)));
        let finding = findings.report(span, message);
        finding.help("push from a branch pipeline, after the review");
        if remote != push {
            finding.related(file.first_line(remote), "the credentials are used here");
        }
    }
}

/// The first push of a step, and the command that gives it credentials for another repository.
fn push(facts: &StepFacts) -> Option<(Span, Span)> {
    let section = &facts.sections[0];
    let commands = section.script.commands.iter().filter_map(Command::invocation);
    let mut remote = None;
    for git in commands.filter(|invocation| invocation.program == "git") {
        let span = section.place(git.span);
        // `origin` is usually the pipeline's own repository.
        let origin =
            git.arguments.iter().any(|word| word.prefix() == "origin") && subcommand(&git).as_deref() == Some("remote");
        if !origin && git.arguments.iter().any(is_other) {
            remote.get_or_insert(span);
        }
        let dry = git.has_flag(&["--dry-run", "-n"]);
        if let Some(remote) = remote.filter(|_| subcommand(&git).as_deref() == Some("push") && !dry) {
            return Some((span, remote));
        }
    }
    None
}

/// The subcommand of git, after `-C directory` and `-c name=value`.
fn subcommand<'c>(git: &Invocation<'c>) -> Option<Cow<'c, str>> {
    let mut words = git.arguments.iter();
    while let Some(word) = words.next() {
        match word.prefix() {
            "-C" | "-c" => drop(words.next()),
            option if option.starts_with('-') => {}
            _ => return word.literal(),
        }
    }
    None
}

/// Whether an argument is the URL of a repository with credentials other than those that Bitbucket provides.
fn is_other(word: &Word) -> bool {
    let text = word.prefix();
    let token = text.starts_with("https://") || text.starts_with("http://");
    let read = |name: &str| !name.starts_with("BITBUCKET_");
    let secret = token && word.expansions().iter().any(|expansion| read(&expansion.name)) && has_user(word);
    let own = word.expansions().iter().any(|expansion| {
        matches!(
            expansion.name.as_str(),
            "BITBUCKET_REPO_FULL_NAME" | "BITBUCKET_REPO_SLUG" | "BITBUCKET_GIT_SSH_ORIGIN"
        )
    });
    let key = text.starts_with("git@") || text.starts_with("ssh://git@");
    !own && (secret || key)
}

/// Whether a URL has a user or a password before the host.
fn has_user(word: &Word) -> bool {
    word.parts.iter().skip(1).any(|part| match part {
        Part::Text { text, .. } => text.split('/').next().is_some_and(|start| start.contains('@')),
        _ => false,
    })
}
