use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// A step in a stage has a setting that belongs to the stage.
    ///
    /// A stage decides for all its steps: `condition` on one of them is refused by Bitbucket. `deployment` and `trigger` on a step in
    /// a stage are documented for the stage only, so they are a warning.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/stage-options/>.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         name: Test
    ///         steps:
    ///           - step:
    ///               condition:
    ///                 changesets:
    ///                   includePaths: [src/**]
    ///               script: [make test]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         name: Test
    ///         condition:
    ///           changesets:
    ///             includePaths: [src/**]
    ///         steps:
    ///           - step:
    ///               script: [make test]
    /// ```
    static RULE: "stage-step-setting", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for item in file.model.pipelines.iter().flat_map(|pipeline| &pipeline.items) {
        let ItemKind::Stage(stage) = &item.kind else { continue };
        for step in stage.steps.iter().map(|step| file.model.step(*step)) {
            for (name, severity) in
                [("condition", Severity::Error), ("deployment", Severity::Warning), ("trigger", Severity::Warning)]
            {
                let Some(field) = file.tree.field(step.node, name) else { continue };
                // `trigger: automatic` says what is so anyway.
                if name == "trigger" && step.trigger.is_some_and(|trigger| trigger.value != "manual") {
                    continue;
                }
                findings
                    .report_as(severity, file.span(field.key), format!("a step in a stage cannot have `{name}`"))
                    .help(format!("move `{name}` to the stage"));
            }
        }
    }
}
