use crate::{
    facts::{Credentials, StepFacts, TOKEN},
    lint::{File, Findings, rule::rule, steps::Token},
    pipeline::Step,
};

rule! {
    /// `oidc: true` on a step in which nothing uses the token.
    ///
    /// Every program of the step can read `BITBUCKET_STEP_OIDC_TOKEN`, a package's install script as well. A step that does
    /// not need it should not have it. Nothing is said about steps that run scripts or pipes which may use the token unseen.
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
    static RULE: "unused-oidc", Hint, check
}

/// Commands that surely do nothing with an OIDC token.
const HARMLESS: [&str; 32] = [
    "[", "[[", "apk", "apt", "apt-get", "cat", "cd", "chmod", "cp", "date", "echo", "export", "false", "for", "git",
    "ls", "mkdir", "mv", "npm", "pip", "pip3", "printf", "pwd", "rm", "set", "sleep", "tar", "test", "touch", "true",
    "unzip", "zip",
];

fn check(file: &File<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let Some(oidc) = &step.oidc else { continue };
        if file.token(step) == Token::On && !step.is_child_pipeline && is_unused(file, step, facts) {
            findings.report(file.place(oidc.node(), None), "nothing in this step uses its OIDC token", |finding| {
                finding.help("remove `oidc`, so that no program of the step can take the token")
            });
        }
    }
}

fn is_unused(file: &File<'_>, step: &Step<'_>, facts: &StepFacts) -> bool {
    let roles = step.image.or(file.model.image).is_some_and(|image| image.oidc_role.is_some())
        || file
            .model
            .definitions
            .services
            .iter()
            .any(|service| service.image.is_some_and(|image| image.oidc_role.is_some()))
        || step.runtime.is_some_and(|runtime| runtime.storage_oidc_role.is_some());
    let reads = facts.reads.iter().any(|read| read.name == TOKEN);
    let commands = || facts.listings.iter().flat_map(|listing| &listing.script.commands);
    let tools = facts.tools.iter().any(|tool| {
        matches!(facts.credentials(tool), Credentials::WebIdentity | Credentials::Outside | Credentials::Session)
    });
    let harmless = commands().all(|command| {
        command.words.is_empty()
            || command.invocation().is_some_and(|invocation| {
                let name = invocation.program.as_str();
                let runs = name == "npm"
                    && invocation
                        .arguments
                        .first()
                        .is_some_and(|word| matches!(word.prefix(), "run" | "exec" | "x" | "start"));
                HARMLESS.contains(&name) && !runs && !invocation.path.contains('/')
            })
    });
    let empty = commands().next().is_none();
    let unread = facts.listings.iter().any(|listing| !listing.script.unparsed.is_empty());
    !roles && !reads && !tools && harmless && !empty && !unread && facts.pipes.is_empty() && facts.opaque.is_empty()
}
