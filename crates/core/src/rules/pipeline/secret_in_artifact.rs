use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::{Atom, FileWrite, is_secret_name},
    pipeline::Step,
    rules::{Findings, rule},
    yaml::NodeId,
};

rule! {
    /// A file with keys or passwords that is kept as an artifact or in a cache.
    ///
    /// Everyone with read access to the repository can download an artifact for 14 days, and every later step receives
    /// it. A cache is available to all pipelines of the repository for a week.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - echo "DB_PASSWORD=$DB_PASSWORD" > settings.env
    ///             - make
    ///           artifacts:
    ///             - "*.env"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - echo "DB_PASSWORD=$DB_PASSWORD" > /tmp/settings.env
    ///             - echo "VERSION=$BITBUCKET_COMMIT" > version.env
    ///             - make
    ///           artifacts:
    ///             - "*.env"
    /// ```
    ///
    /// The output of `env` and `printenv` contains every variable: a warning in a step with a token, and a hint elsewhere.
    /// A file whose content is unknown is reported only if its name says that it contains keys, such as `id_rsa` or a
    /// file in `~/.aws`; `.env` and key stores are a hint.
    ///
    /// Sources: <https://support.atlassian.com/bitbucket-cloud/docs/use-artifacts-in-steps/>,
    /// <https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/>.
    static RULE: "secret-in-artifact", Warning, check
}

/// Names of files and folders that contain keys.
const KEYS: [&str; 12] = [
    ".aws",
    ".aws/credentials",
    ".ssh",
    ".docker",
    ".docker/config.json",
    ".kube",
    ".kube/config",
    ".netrc",
    ".pypirc",
    ".config/gcloud",
    "id_rsa",
    "id_ed25519",
];

/// Ends of the names of files that may contain keys.
const PERHAPS: [&str; 7] = [".env", ".key", ".p12", ".pfx", ".jks", ".keystore", "service-account.json"];

const HELP: &str = "keep it outside the clone, or leave it out, and let each step that needs the secret get it itself";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let mut known: Vec<&str> = Vec::new();
        let mut written: Vec<(&str, Vec<&FileWrite>)> = Vec::new();
        let mut listed: Vec<(&str, &FileWrite)> = Vec::new();
        for write in &facts.writes {
            let Some(path) = write.path.in_clone().filter(|path| !path.starts_with("..")) else { continue };
            known.push(path);
            if write.content.holds_environment() {
                listed.push((path, write));
            }
            // `token-in-clone` is about the step's own token.
            if is_secret(write) && !write.content.holds_token() {
                match written.iter_mut().find(|(other, _)| *other == path) {
                    Some((_, writes)) => writes.push(write),
                    None => written.push((path, vec![write])),
                }
            }
        }
        let mut reported = Vec::new();
        for (path, writes) in written {
            let Some((how, kept)) = file.kept(step, path) else { continue };
            reported.push(kept.node);
            let Some((first, others)) = writes.split_first() else { continue };
            let finding = findings.report(first.span, format!("`{path}` contains a secret and is kept as {how}"));
            for other in others {
                finding.related(other.span, "written here too");
            }
            finding.related(kept.span(file.tree), "includes the file").help(HELP);
        }
        for (path, write) in listed {
            let Some((how, kept)) = file.kept(step, path) else { continue };
            if reported.contains(&kept.node) {
                continue;
            }
            reported.push(kept.node);
            let (severity, including) = if step.has_token() {
                (Severity::Warning, ", including the OIDC token,")
            } else {
                (Severity::Hint, "")
            };
            let message = format!("`{path}` contains all variables of the step{including} and is kept as {how}");
            findings
                .report_as(severity, write.span, message)
                .related(kept.span(file.tree), "includes the file")
                .help("write only the variables that you need, by name");
        }
        by_name(file, step, &known, &reported, findings);
    }
    caches(file, findings);
}

/// Artifacts whose pattern names a file with keys.
fn by_name(file: &Analysis<'_>, step: &Step<'_>, known: &[&str], reported: &[NodeId], findings: &mut Findings<'_>) {
    for pattern in &step.artifacts.paths {
        let path = pattern.value.trim_start_matches("./").trim_end_matches("/**").trim_end_matches("/*");
        if known.contains(&path) || reported.contains(&pattern.node) {
            continue;
        }
        let named = |name: &str| path == name || path.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
        let severity = match (KEYS.iter().any(|name| named(name)), PERHAPS.iter().any(|end| path.ends_with(end))) {
            (true, _) => Severity::Warning,
            // What the step writes into files with such names was checked.
            (false, true) if !known.iter().any(|known| PERHAPS.iter().any(|end| known.ends_with(end))) => {
                Severity::Hint
            }
            _ => continue,
        };
        let message = format!("`{}` is kept as an artifact and usually contains secrets", pattern.value);
        findings.report_as(severity, pattern.span(file.tree), message).help(HELP);
    }
}

/// Caches of folders with keys.
fn caches(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for cache in &file.model.definitions.caches {
        let used = file.model.steps.iter().any(|step| step.caches.iter().any(|used| used.value == cache.name.value));
        let path = match file.tree.field(cache.node, "path") {
            Some(field) => field.value,
            None => cache.node,
        };
        let text = file.text(file.tree.resolve(path));
        let below = ["~/", "$HOME/", "${HOME}/", "/root/", "./", ""]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or_default();
        if used && KEYS.contains(&below.trim_end_matches('/')) {
            let message = format!("cache `{}` keeps `{text}`, which contains keys", cache.name.value);
            findings.report(file.span(path), message).help("remove the cache, and let each step log in itself");
        }
    }
}

/// Whether a secret is written: from outside Bitbucket, from a variable that is named like one, or a key by its setting.
fn is_secret(write: &FileWrite) -> bool {
    write.content.atoms().iter().any(|atom| match atom {
        Atom::Secret { .. } => true,
        Atom::Outside(name) => is_secret_name(name),
        Atom::Text(text) => text.contains("PRIVATE KEY-----"),
        Atom::CloneDirectory | Atom::Home | Atom::Unknown(_) | Atom::Environment(_) => false,
    })
}
