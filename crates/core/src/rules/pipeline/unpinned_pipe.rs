use crate::{
    analysis::Analysis,
    pipeline::{Step, is_moving_tag},
    rules::{Findings, rule},
};

rule! {
    /// A pipe without a version, or with a tag that moves.
    ///
    /// The pipe runs with the step's variables and its OIDC token. What `latest`, or no version at all, stands for is decided by
    /// whoever publishes the pipe, at the moment the step starts.
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
        let message = match version {
            None => format!("`{name}` has no version"),
            Some(version) if is_moving_tag(version) => format!("`{version}` is no fixed version of `{name}`"),
            Some(_) => continue,
        };
        findings
            .report(pipe.reference.span(file.tree), message)
            .help("name the version that you have tried: `owner/pipe:1.2.3`");
    }
}
