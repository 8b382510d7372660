use crate::{
    analysis::Analysis,
    diagnostic::Severity,
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
            match file.kept(step, path) {
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
