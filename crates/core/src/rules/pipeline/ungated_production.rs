use crate::{
    analysis::Analysis,
    facts::StepFacts,
    pipeline::{Item, ItemKind, Stage, Step, Text, Use},
    rules::{Findings, rule},
};

rule! {
    /// A step that deploys to production without an approval or a branch restriction.
    ///
    /// In `default`, in a pipeline for all branches, and in pull requests, every push deploys to production. Add
    /// `trigger: manual` to the step, or move it to `branches`, to the branch from which production is deployed.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make test]
    ///     - step:
    ///         deployment: production
    ///         script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make test]
    ///     - step:
    ///         deployment: production
    ///         trigger: manual
    ///         script: [make deploy]
    /// ```
    static RULE: "ungated-production", Warning, check
}

/// Usual names of the production environment.
const PRODUCTION: [&str; 4] = ["production", "prod", "live", "prd"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| !step.is_manual()) {
        let event = |at: &Use| ungated(file, step, at);
        let Some((event_name, environment)) = step.uses.iter().find_map(event) else { continue };
        let place = environment.span(file.tree);
        let (place, others) = file.wrong_uses(step, place, |at| event(at).is_some());
        let finding = findings.report(place, format!("{event_name} deploys to `{}`", environment.value));
        finding.help("add `trigger: manual` to the step, or move it to a pipeline in `branches`");
        finding.of_step(file.step_place(step));
        for (place, label) in others {
            finding.related(place, label);
        }
        // What `deploy-from-any-branch` would report.
        for at in &step.uses {
            finding.covers(file.span(at.site));
        }
        finding.covers(step.place(file.tree));
        if let Some(command) = file.facts.of(step.id).and_then(StepFacts::deployment) {
            finding.covers(command.span);
        }
    }
}

/// The event that lets a use of a step deploy to production unasked, and the environment.
fn ungated<'f>(file: &Analysis<'f>, step: &Step<'f>, at: &Use) -> Option<(&'static str, Text<'f>)> {
    let pipeline = &file.model.pipelines[at.pipeline];
    let stage = match pipeline.items.get(at.item).map(|item| &item.kind) {
        Some(ItemKind::Stage(stage)) => Some(stage),
        _ => None,
    };
    let deployment = file.model.deployment(step, at).filter(|deployment| deployment.recorded)?;
    let production = PRODUCTION.contains(&deployment.environment.value.to_ascii_lowercase().as_str());
    let started = stage.is_some_and(Stage::is_manual);
    let is_manual = |item: &Item<'_>| match &item.kind {
        ItemKind::Step(id) => file.model.step(*id).is_manual(),
        ItemKind::Stage(stage) => stage.is_manual(),
        _ => false,
    };
    let earlier = || pipeline.items[..at.item].iter().any(is_manual);
    let open = pipeline.runs_on_any_branch() || pipeline.start.is_unmerged();
    let event = if pipeline.start.is_unmerged() { "every pull request" } else { "every push to any branch" };
    (production && open && !started && !earlier()).then_some((event, deployment.environment))
}
