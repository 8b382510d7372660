use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    rules::{Findings, rule},
    spelling,
};

/// The events, as the schema's description and the documentation name them.
const EVENTS: [&str; 10] = [
    "repository-push",
    "pullrequest-created",
    "pullrequest-push",
    "pullrequest-updated",
    "pullrequest-fulfilled",
    "pullrequest-rejected",
    "pullrequest-reviewer-status-updated",
    "pipeline-completed",
    "deployment-completed",
    "package-artifact-created",
];

rule! {
    /// `triggers` names an event that Bitbucket does not send.
    ///
    /// Events are `repository-push`, `pullrequest-created`, `pullrequest-push`, `pullrequest-updated`, `pullrequest-fulfilled`,
    /// `pullrequest-rejected`, `pullrequest-reviewer-status-updated`, `pipeline-completed`, `deployment-completed` and
    /// `package-artifact-created`. The schema takes any name, so this is a warning.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-triggers/>.
    ///
    /// ```yaml wrong
    /// triggers:
    ///   pull-request-created:
    ///     - condition: BITBUCKET_PR_DESTINATION_BRANCH == "main"
    ///       pipelines: [check]
    /// pipelines:
    ///   custom:
    ///     check:
    ///       - step:
    ///           script: [make check]
    /// ```
    ///
    /// ```yaml right
    /// triggers:
    ///   pullrequest-created:
    ///     - condition: BITBUCKET_PR_DESTINATION_BRANCH == "main"
    ///       pipelines: [check]
    /// pipelines:
    ///   custom:
    ///     check:
    ///       - step:
    ///           script: [make check]
    /// ```
    static RULE: "unknown-event", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let triggers = file.model.root.and_then(|root| file.tree.field(root, "triggers"));
    let Some(triggers) = triggers else { return };
    for event in file.tree.fields(triggers.value) {
        let name = file.text(event.key);
        if name.is_empty() || EVENTS.contains(&name) {
            continue;
        }
        let span = file.span(event.key);
        let finding = findings.report(span, format!("no event `{name}` is known"));
        match spelling::nearest(name, EVENTS) {
            Some(near) => finding.help(format!("did you mean `{near}`?")).fix(
                format!("write `{near}`"),
                Safety::Unsafe,
                vec![Edit { span, replacement: near.to_owned() }],
            ),
            None => finding.help(format!("known: {}", EVENTS.join(", "))),
        };
    }
}
