use crate::{
    analysis::{Analysis, steps::TokenAccess},
    diagnostic::Severity,
    facts::{Credentials, StepFacts, TOKEN},
    pipeline::Step,
    rules::{Findings, rule},
};

rule! {
    /// `oidc: true` on a step in which nothing uses the token.
    ///
    /// Every program in the step can read `BITBUCKET_STEP_OIDC_TOKEN`, including the install scripts of packages. A
    /// step that does not need the token should not have it.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - npm ci
    ///           - npm publish
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm ci
    ///           - npm publish
    /// ```
    ///
    /// Steps with scripts or pipes whose content keyless cannot see are not reported.
    ///
    /// A hint; a warning if the role's trust policy is given (`--trust-policy`) and accepts the step's token, because
    /// anything that runs in the step can then use the role. In that case, steps in which no AWS tool is found are
    /// reported too, as a hint.
    static RULE: "unused-oidc", Hint, check
}

/// Commands that certainly do not use an OIDC token.
const HARMLESS: [&str; 32] = [
    "[", "[[", "apk", "apt", "apt-get", "cat", "cd", "chmod", "cp", "date", "echo", "export", "false", "for", "git",
    "ls", "mkdir", "mv", "npm", "pip", "pip3", "printf", "pwd", "rm", "set", "sleep", "tar", "test", "touch", "true",
    "unzip", "zip",
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(oidc) = &step.oidc else { continue };
        if file.token(step) != TokenAccess::On || step.is_child_pipeline || may_use(file, step, facts) {
            continue;
        }
        let accepted = file.access(step).is_some_and(|access| access.admitted);
        let (severity, message) = match (is_harmless(facts), accepted) {
            (true, false) => (Severity::Hint, "nothing in this step uses its OIDC token"),
            (true, true) => {
                (Severity::Warning, "nothing in this step uses its OIDC token, which the role's trust policy accepts")
            }
            (false, true) => {
                (Severity::Hint, "no AWS tool is used in this step, but the role's trust policy accepts its OIDC token")
            }
            (false, false) => continue,
        };
        findings
            .report_as(severity, file.place(oidc.node(), None), message)
            .help("remove `oidc`, so that no program in the step can read the token");
    }
}

/// Whether something in the step uses the token, or may use it, such as a pipe or another script.
fn may_use(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts) -> bool {
    let roles = file.model.images_of(step).any(|image| image.oidc_role.is_some())
        || step.runtime.is_some_and(|runtime| runtime.storage_oidc_role.is_some());
    let reads = facts.reads.iter().any(|read| read.name == TOKEN);
    let tools = facts.tools.iter().any(|tool| {
        matches!(facts.credentials(tool), Credentials::WebIdentity | Credentials::Outside | Credentials::Session)
    });
    roles || reads || tools || !facts.sessions.is_empty() || !facts.pipes.is_empty() || !facts.opaque.is_empty()
}

/// Whether the step runs commands, all of which certainly do not use a token.
fn is_harmless(facts: &StepFacts) -> bool {
    let commands = || facts.sections.iter().flat_map(|section| &section.script.commands);
    let harmless = commands().all(|command| {
        command.words.is_empty()
            || command.invocation().is_some_and(|invocation| {
                let name = invocation.program.as_ref();
                let runs = name == "npm"
                    && invocation
                        .arguments
                        .first()
                        .is_some_and(|word| matches!(word.prefix(), "run" | "exec" | "x" | "start"));
                HARMLESS.contains(&name) && !runs && !invocation.path.contains('/')
            })
    });
    let unread = facts.sections.iter().any(|section| !section.script.unparsed.is_empty());
    harmless && commands().next().is_some() && !unread
}

#[cfg(test)]
mod tests {
    use crate::{lint::lint, settings::Settings, text::Source};

    #[test]
    fn the_role_of_a_service_counts_only_in_steps_that_use_the_service() {
        let findings = |services: &str| {
            let text = format!(
                "definitions:
  services:
    db:
      image:
        name: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/db:1
        aws: {{oidc-role: 'arn:aws:iam::123456789012:role/pull'}}
pipelines:
  default:
    - step:
        oidc: true
        services: [docker]
        script: [npm ci]
    - step:
        oidc: true
        services: {services}
        script: [npm ci]
"
            );
            let found = lint(&Source::new("bitbucket-pipelines.yml", &text), &Settings::default());
            found.iter().filter(|finding| finding.rule.as_str() == "unused-oidc").count()
        };
        assert_eq!((findings("[db]"), findings("[docker]")), (1, 2));
    }
}
