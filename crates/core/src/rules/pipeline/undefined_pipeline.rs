use crate::{
    analysis::Analysis,
    pipeline::Start,
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// A trigger or a parent step names a custom pipeline that the file does not have.
    ///
    /// `triggers` and steps of `type: pipeline` can start pipelines under `pipelines.custom` only.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-triggers/>.
    ///
    /// ```yaml wrong
    /// triggers:
    ///   repository-push:
    ///     - condition: BITBUCKET_BRANCH == "main"
    ///       pipelines: [relase]
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - step:
    ///           script: [make release]
    /// ```
    ///
    /// ```yaml right
    /// triggers:
    ///   repository-push:
    ///     - condition: BITBUCKET_BRANCH == "main"
    ///       pipelines: [release]
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - step:
    ///           script: [make release]
    /// ```
    static RULE: "undefined-pipeline", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    if file.tree.is_broken() {
        return;
    }
    let custom = file.model.pipelines.iter().filter(|pipeline| pipeline.start == Start::Custom);
    let custom: Vec<_> = custom.map(|pipeline| pipeline.name.value).collect();
    let children = file.model.steps.iter().filter(|step| step.is_child_pipeline).filter_map(|step| step.custom);
    for name in file.model.triggered.iter().copied().chain(children) {
        if custom.contains(&name.value) {
            continue;
        }
        let other = file.model.pipelines.iter().find(|pipeline| pipeline.name.value == name.value);
        let finding = findings.report(name.span(file.tree), format!("no custom pipeline `{}`", name.value));
        match (spelling::nearest(name.value, custom.iter().copied()), other) {
            (Some(near), _) => finding.help(format!("did you mean `{near}`?")),
            (None, Some(other)) => finding
                .related(other.name.span(file.tree), "this one is not custom")
                .help("only pipelines under `pipelines.custom` can be started by name"),
            (None, None) => finding.help(format!("add it: `pipelines.custom.{}`", name.value)),
        };
    }
}
