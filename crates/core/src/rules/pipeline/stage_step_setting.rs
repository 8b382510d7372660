use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    pipeline::{Item, ItemKind, Stage, Start, Step},
    rules::{Findings, rule},
    text::Span,
    yaml::Field,
};

rule! {
    /// A step in a stage with a setting that belongs to the stage.
    ///
    /// The stage decides for all its steps, so Bitbucket rejects `condition` and `trigger: manual` on a step in a stage: "A
    /// step within stage can't contain a manual trigger. Try defining a manual trigger on a stage". `deployment` is
    /// documented only for the stage, so on a step it is a warning.
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
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make test]
    ///     - stage:
    ///         name: Release
    ///         steps:
    ///           - step:
    ///               trigger: manual
    ///               script: [make release]
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
    for pipeline in &file.model.pipelines {
        for (index, item) in pipeline.items.iter().enumerate() {
            let ItemKind::Stage(stage) = &item.kind else { continue };
            // A pipeline that a commit starts cannot begin with a manual stage.
            let may_be_manual = index > 0 || pipeline.start == Start::Custom;
            for step in stage.steps.iter().map(|step| file.model.step(*step)) {
                settings(file, step, findings);
                if let Some(trigger) = manual_trigger(file, step) {
                    let finding = findings
                        .report(file.span(trigger.key), "`trigger: manual` is not allowed on a step in a stage");
                    if stage.is_manual() {
                        finding.help("remove it: the stage is started manually already");
                    } else if may_be_manual {
                        finding.help("move `trigger: manual` to the stage");
                    } else {
                        finding.help("move the step to a second stage with `trigger: manual`");
                    }
                    if let Some(edits) = moved(file, item, stage, step, trigger).filter(|_| may_be_manual) {
                        // In front of other steps it waits where the step did; behind them it waits earlier.
                        let first = stage.steps.first() == Some(&step.id);
                        let safety = if first { Safety::Safe } else { Safety::Unsafe };
                        finding.fix("move it to the stage", safety, edits);
                    }
                }
            }
        }
    }
}

fn settings(file: &Analysis<'_>, step: &Step<'_>, findings: &mut Findings<'_>) {
    for (name, severity) in [("condition", Severity::Error), ("deployment", Severity::Warning)] {
        if let Some(field) = file.tree.field(step.node, name) {
            findings
                .report_as(severity, file.span(field.key), format!("`{name}` is not allowed on a step in a stage"))
                .help(format!("move `{name}` to the stage"));
        }
    }
}

/// `trigger: automatic` is the default.
fn manual_trigger(file: &Analysis<'_>, step: &Step<'_>) -> Option<Field> {
    file.tree.field(step.node, "trigger").filter(|_| step.is_manual())
}

/// Edits that move the line `trigger: manual` from the step to the top of the stage; `None` unless both are written as
/// blocks, the step is used only here, and no other step of the stage is manual.
fn moved(
    file: &Analysis<'_>,
    item: &Item<'_>,
    stage: &Stage<'_>,
    step: &Step<'_>,
    trigger: Field,
) -> Option<Vec<Edit>> {
    let manual = stage.steps.iter().filter(|step| file.model.step(**step).is_manual()).count();
    let span = file.span(stage.node);
    let own = trigger.merged_at.is_none() && step.uses.len() == 1 && file.span(item.site).contains(span);
    if !own || manual != 1 || stage.trigger.is_some() || !span.contains(file.span(trigger.key)) {
        return None;
    }
    let start = file.source.position(span.start);
    let before = file.source.line(start.line)?;
    let indent = file.source.slice(Span::new(before.start, span.start));
    let line = file.source.line(file.source.position(file.span(trigger.key).start).line)?;
    let written = file.source.slice(line).trim();
    if !indent.trim().is_empty() || written != "trigger: manual" {
        return None;
    }
    let next = file.source.text()[line.end..].find('\n').map_or(line.end, |length| line.end + length + 1);
    Some(vec![
        Edit { span: Span::at(span.start), replacement: format!("trigger: manual\n{indent}") },
        Edit { span: Span::new(line.start, next), replacement: String::new() },
    ])
}
