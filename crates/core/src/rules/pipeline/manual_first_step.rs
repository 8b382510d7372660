use crate::{
    analysis::Analysis,
    pipeline::{ItemKind, Start},
    rules::{Findings, rule},
};

rule! {
    /// A pipeline whose first step or stage has `trigger: manual`.
    ///
    /// Bitbucket rejects a manual trigger on the first item of a pipeline that a push, a tag or a pull request starts.
    /// To start a whole pipeline manually, make it a custom pipeline.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           trigger: manual
    ///           script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [make]
    ///       - step:
    ///           trigger: manual
    ///           script: [make deploy]
    /// ```
    ///
    /// Custom and shared pipelines are not reported: they may start with a manual step.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-triggers/>.
    static RULE: "manual-first-step", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let started = [Start::Default, Start::Branches, Start::Tags, Start::PullRequests];
    for pipeline in file.model.pipelines.iter().filter(|pipeline| started.contains(&pipeline.start)) {
        let first = pipeline.items.iter().find(|item| !matches!(item.kind, ItemKind::Variables(_)));
        let (what, trigger) = match first.map(|item| &item.kind) {
            Some(ItemKind::Step(id)) => ("step", file.model.step(*id).trigger),
            Some(ItemKind::Stage(stage)) => ("stage", stage.trigger),
            _ => continue,
        };
        let Some(trigger) = trigger.filter(|trigger| trigger.value == "manual") else { continue };
        let message = format!("`trigger: manual` is not allowed in the first {what} of a pipeline");
        findings
            .report(trigger.span(file.tree), message)
            .related(pipeline.name.span(file.tree), "in this pipeline")
            .help("add an automatic step before it, or make this a custom pipeline, which is started manually");
    }
}
