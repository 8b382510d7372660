use crate::{
    analysis::Analysis,
    pipeline::Start,
    rules::{Findings, rule},
    spelling,
    yaml::has_template,
};

rule! {
    /// A trigger or a parent step that names a custom pipeline the file does not define.
    ///
    /// Nothing is started. `triggers` and steps with `type: pipeline` can start only pipelines in `pipelines.custom`.
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
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-triggers/>.
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
        if custom.contains(&name.value) || has_template(name.value) {
            continue;
        }
        let other = file.model.pipelines.iter().find(|pipeline| pipeline.name.value == name.value);
        let near = spelling::nearest(name.value, custom.iter().copied());
        let finding = findings.report(name.span(file.tree), format!("custom pipeline `{}` is not defined", name.value));
        match (near, other) {
            (Some(near), _) => finding.help(format!("did you mean `{near}`?")),
            (None, Some(other)) => finding
                .related(other.name.span(file.tree), "this is not a custom pipeline")
                .help("move the pipeline to `pipelines.custom`"),
            (None, None) => finding.help(format!("define `pipelines.custom.{}`", name.value)),
        };
    }
}
