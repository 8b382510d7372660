use crate::{
    analysis::Analysis,
    pipeline::{Step, is_moving_tag},
    rules::{Findings, rule},
};

rule! {
    /// A pipe without a version, or with a tag that moves.
    ///
    /// The pipe runs with the step's variables and its OIDC token. Without a version, or with `latest`, its publisher
    /// decides at the start of each step which code runs.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - pipe: atlassian/slack-notify:latest
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - pipe: atlassian/slack-notify:2.0.0
    /// ```
    static RULE: "unpinned-pipe", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipe in file.model.steps.iter().flat_map(Step::pipes) {
        let (name, version) = (pipe.name(), pipe.version());
        if pipe.reference.value.contains('$') || !name.contains('/') {
            continue;
        }
        if version.is_none_or(is_moving_tag) {
            let message = format!("pipe `{}` is not pinned to a version", pipe.reference.value);
            findings
                .report(pipe.reference.span(file.tree), message)
                .help(format!("pin a version: `{name}:<version>`"))
                .one_cause();
        }
    }
}
