use crate::{
    analysis::Analysis,
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// A pipeline begins with a step or stage that waits to be started by hand.
    ///
    /// Something has to run first: Bitbucket refuses a manual trigger on the first item of a pipeline. To start everything by
    /// hand, make it a custom pipeline.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/pipeline-triggers/>.
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
    static RULE: "manual-first-step", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let first = pipeline.items.iter().find(|item| !matches!(item.kind, ItemKind::Variables(_)));
        let (what, trigger) = match first.map(|item| &item.kind) {
            Some(ItemKind::Step(id)) => ("step", file.model.step(*id).trigger),
            Some(ItemKind::Stage(stage)) => ("stage", stage.trigger),
            _ => continue,
        };
        let Some(trigger) = trigger.filter(|trigger| trigger.value == "manual") else { continue };
        let message = format!("the first {what} of `{}` cannot be manual", pipeline.name.value);
        findings
            .report(trigger.span(file.tree), message)
            .related(pipeline.name.span(file.tree), "begins with it")
            .help("put an automatic step before it, or make this a custom pipeline, which is started by hand");
    }
}
