use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    rules::{Findings, rule},
    spelling,
};

/// The events in the schema's description and the documentation.
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
    /// An event in `triggers` that Bitbucket does not send.
    ///
    /// Its pipelines never start. The events are `repository-push`, `pullrequest-created`, `pullrequest-push`,
    /// `pullrequest-updated`, `pullrequest-fulfilled`, `pullrequest-rejected`, `pullrequest-reviewer-status-updated`,
    /// `pipeline-completed`, `deployment-completed` and `package-artifact-created`.
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
    ///
    /// A warning, because the schema accepts any name.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-triggers/>.
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
        let finding = findings.report(span, format!("unknown event `{name}`"));
        match spelling::nearest(name, EVENTS) {
            Some(near) => finding.help(format!("did you mean `{near}`?")).fix(
                format!("change it to `{near}`"),
                Safety::Unsafe,
                vec![Edit { span, replacement: near.to_owned() }],
            ),
            None => finding.help(format!("use one of {}", EVENTS.map(|event| format!("`{event}`")).join(", "))),
        };
    }
}
