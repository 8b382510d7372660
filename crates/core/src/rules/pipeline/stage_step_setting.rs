use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// A step in a stage with a setting that belongs to the stage.
    ///
    /// Bitbucket rejects `condition` on a step in a stage: the stage decides for all its steps. `deployment` and
    /// `trigger` are documented only for the stage, so on a step they are a warning.
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
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/stage-options/>.
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
                // `trigger: automatic` is the default.
                if name == "trigger" && step.trigger.is_some_and(|trigger| trigger.value != "manual") {
                    continue;
                }
                findings
                    .report_as(severity, file.span(field.key), format!("`{name}` is not allowed on a step in a stage"))
                    .help(format!("move `{name}` to the stage"));
            }
        }
    }
}
