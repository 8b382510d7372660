use crate::{
    analysis::Analysis,
    facts::ScriptSection,
    rules::{Findings, rule},
    script::{Invocation, Part, Word},
};

rule! {
    /// A clone with a token in its URL that is kept as an artifact or in a cache.
    ///
    /// Git stores the URL with the token in `.git/config` of the clone. Everyone who can download the artifact can read
    /// it there.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - git clone "https://x-token-auth:$LIB_TOKEN@bitbucket.org/acme/lib.git"
    ///             - make -C lib
    ///           artifacts:
    ///             - lib/**
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - git clone git@bitbucket.org:acme/lib.git
    ///             - make -C lib
    ///           artifacts:
    ///             - lib/**
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - git clone "https://x-token-auth:$LIB_TOKEN@bitbucket.org/acme/lib.git"
    ///             - rm -rf lib/.git
    ///           artifacts:
    ///             - lib/**
    /// ```
    ///
    /// Source: <https://git-scm.com/docs/git-clone>.
    static RULE: "token-in-clone-url", Hint, check
}

/// Options of `git clone` that take a value.
const VALUED: [&str; 12] =
    ["-b", "--branch", "-o", "--origin", "--depth", "-c", "--config", "--reference", "-j", "--jobs", "--filter", "-u"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |started| {
        if started.invocation.program != "git" {
            return;
        }
        let Some((url, folder)) = stored_url(&started.invocation) else { return };
        let config = if folder.is_empty() { ".git/config".to_owned() } else { format!("{folder}/.git/config") };
        if removes(&started.facts.sections[0], &config) {
            return;
        }
        if let Some((how, kept)) = file.kept(started.step, &config) {
            findings
                .report(
                    started.section.place(url.span),
                    format!("Git stores this token in `{config}`, which is kept as {how}"),
                )
                .related(kept.span(file.tree), "includes the file")
                .help("clone over SSH, or remove the URL afterwards: `git remote set-url origin …`");
        }
    });
}

/// Whether the script removes the clone's Git folder: `rm -rf lib/.git`.
fn removes(section: &ScriptSection, config: &str) -> bool {
    let folder = config.trim_end_matches("/config");
    section.script.commands.iter().any(|command| {
        let named = |word: &Word| word.literal().is_some_and(|text| text.trim_start_matches("./") == folder);
        command.name().is_some_and(|name| name == "rm") && command.words.iter().any(named)
    })
}

/// The URL with a token that a command stores, and the folder of the clone.
fn stored_url<'c>(invocation: &Invocation<'c>) -> Option<(&'c Word, String)> {
    let mut positional: Vec<&Word> = Vec::new();
    let mut skip = false;
    for word in invocation.arguments {
        if std::mem::take(&mut skip) {
            continue;
        }
        skip = VALUED.contains(&word.prefix());
        if !word.prefix().starts_with('-') {
            positional.push(word);
        }
    }
    let (command, rest) = positional.split_first()?;
    match command.literal()?.as_ref() {
        "clone" => {
            let (url, folder) = rest.split_first()?;
            let folder = match folder.first() {
                Some(folder) => folder.literal()?,
                None => default_folder(url)?.into(),
            };
            has_token(url).then(|| (*url, folder.trim_start_matches("./").trim_end_matches('/').to_owned()))
        }
        "remote" => {
            let url = rest.iter().find(|word| has_token(word))?;
            let stores = rest.first().and_then(|word| word.literal());
            matches!(stores.as_deref(), Some("add" | "set-url")).then(|| (*url, String::new()))
        }
        _ => None,
    }
}

/// Whether a URL has a password or token before its host.
fn has_token(url: &Word) -> bool {
    let scheme = url.prefix().starts_with("https://") || url.prefix().starts_with("http://");
    let host = url.parts.iter().rposition(|part| matches!(part, Part::Text { text, .. } if text.contains('@')));
    let variable = url.parts.iter().position(|part| matches!(part, Part::Variable(_) | Part::Substitution { .. }));
    scheme && variable.zip(host).is_some_and(|(variable, host)| variable < host)
}

/// The folder that Git derives from a URL.
fn default_folder(url: &Word) -> Option<String> {
    let Some(Part::Text { text, .. }) = url.parts.last() else { return None };
    let name = text.trim_end_matches('/').rsplit('/').next()?;
    Some(name.strip_suffix(".git").unwrap_or(name).to_owned())
}
