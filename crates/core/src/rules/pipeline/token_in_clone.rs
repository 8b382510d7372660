use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::{Step, Text, glob},
    rules::{Findings, rule},
};

rule! {
    /// The OIDC token is written to a file inside the clone directory.
    ///
    /// Artifacts, caches, `docker build .` and everything else that copies whole folders also copies the token. Until
    /// it expires, whoever has it can act as the step.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=$(pwd)/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > $(pwd)/web-identity-token
    ///         artifacts:
    ///           - "**"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/web-identity-token
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > "$AWS_WEB_IDENTITY_TOKEN_FILE"
    ///         artifacts:
    ///           - "**"
    /// ```
    ///
    /// A hint; a warning if an artifact or a cache of the step includes the file.
    static RULE: "token-in-clone", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        for write in facts.writes.iter().filter(|write| write.content.holds_token()) {
            let Some(path) = write.path.in_clone().filter(|path| !path.starts_with("..")) else { continue };
            let help = "write it outside, for example to `/tmp/web-identity-token`";
            match kept(file, step, path) {
                Some((how, text)) => {
                    let message = format!("OIDC token is written to `{path}`, which is kept as {how}");
                    findings
                        .report_as(Severity::Warning, write.span, message)
                        .related(text.span(file.tree), "includes the file")
                        .help(help)
                        .one_cause();
                }
                None => {
                    findings
                        .report(write.span, "OIDC token is written inside the clone directory")
                        .help(help)
                        .one_cause();
                }
            }
        }
    }
}

/// The artifact or cache that includes a file.
fn kept<'f>(file: &Analysis<'f>, step: &Step<'f>, path: &str) -> Option<(&'static str, Text<'f>)> {
    let artifact = step.artifacts.paths.iter().find(|pattern| {
        let pattern = pattern.value.trim_start_matches("./");
        glob::matches(pattern, path)
    });
    let cache = || {
        let caches = file.model.definitions.caches.iter();
        let used = caches.filter(|cache| step.caches.iter().any(|used| used.value == cache.name.value));
        used.map(|cache| (cache.name, file.tree.text(cache.node).unwrap_or_default())).find(|(_, folder)| {
            let folder = folder.trim_start_matches("./").trim_end_matches('/');
            folder == "." || !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    };
    artifact.map(|text| ("an artifact", *text)).or_else(|| cache().map(|(name, _)| ("part of a cache", name)))
}
