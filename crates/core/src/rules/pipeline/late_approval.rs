use std::collections::HashSet;

use crate::{
    analysis::Analysis,
    pipeline::{ItemKind, Pipeline, Role, ScriptItem, Step},
    rules::{Findings, rule},
    script::Command,
};

rule! {
    /// A manual step that approves a deployment which has already run.
    ///
    /// Steps run in order, and a manual step holds up only itself and what comes after it. Put `trigger: manual` on the
    /// deployment, or move the approval before it.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [npm test]
    ///       - step:
    ///           deployment: production
    ///           script: [./deploy.sh]
    ///       - step:
    ///           name: Approve production
    ///           trigger: manual
    ///           script: [echo approved]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [npm test]
    ///       - step:
    ///           deployment: production
    ///           trigger: manual
    ///           script: [./deploy.sh]
    /// ```
    ///
    /// A step counts as an approval if its script only prints something, or if its name says so.
    static RULE: "late-approval", Hint, check
}

/// Words in the names of steps that wait for a decision.
const APPROVALS: [&str; 5] = ["approv", "confirm", "sign-off", "sign off", "go/no-go"];

/// Commands that do nothing.
const IDLE: [&str; 8] = ["echo", "printf", "true", ":", "exit", "sleep", "date", "set"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut reported = HashSet::new();
    for pipeline in &file.model.pipelines {
        let steps = in_order(file, pipeline);
        let Some(last) = steps.iter().rposition(|(step, _)| deploys(file, step)) else { continue };
        let deployment = steps[last].0;
        let gated = steps[..=last].iter().any(|(_, manual)| *manual);
        if gated || pipeline.turns().iter().any(|turn| turn.len() > 1 && turn.contains(&deployment.id)) {
            continue;
        }
        let later = steps[last + 1..].iter().filter(|(step, manual)| *manual && step.role == Role::Step);
        for (step, _) in later.filter(|(step, _)| is_approval(file, step)) {
            if reported.insert(step.id) {
                let span = step.name.map_or_else(|| step.place(file.tree), |name| name.span(file.tree));
                let place = match deployment.deployment {
                    Some(deployment) => deployment.environment.span(file.tree),
                    None => deployment.place(file.tree),
                };
                findings
                    .report(span, "this step approves nothing: the deployment before it has already run")
                    .related(place, "deployed here")
                    .help("add `trigger: manual` to the deployment, or move this step before it");
            }
        }
    }
}

/// The steps of a pipeline, each with whether it or its stage has to be started manually.
fn in_order<'s, 'f>(file: &'s Analysis<'f>, pipeline: &Pipeline<'f>) -> Vec<(&'s Step<'f>, bool)> {
    let items = pipeline.items.iter().flat_map(|item| {
        let (ids, manual) = match &item.kind {
            ItemKind::Step(step) | ItemKind::Final(step) => (std::slice::from_ref(step), false),
            ItemKind::Parallel(group) => (group.steps.as_slice(), false),
            ItemKind::Stage(stage) => (stage.steps.as_slice(), stage.is_manual()),
            ItemKind::Variables(_) | ItemKind::Unknown => (&[][..], false),
        };
        ids.iter().map(move |id| (*id, manual))
    });
    let steps = items.map(|(id, manual)| (file.model.step(id), manual));
    steps.map(|(step, manual)| (step, manual || step.is_manual())).collect()
}

fn deploys(file: &Analysis<'_>, step: &Step<'_>) -> bool {
    let recorded = file.model.deployments(step).into_iter().flatten().any(|deployment| deployment.recorded);
    recorded || file.facts.of(step.id).is_some_and(|facts| facts.deployment().is_some())
}

fn is_approval(file: &Analysis<'_>, step: &Step<'_>) -> bool {
    let name = step.name.map_or_else(String::new, |name| name.value.to_lowercase());
    if APPROVALS.iter().any(|word| name.contains(word)) {
        return true;
    }
    let shell = step.script.iter().all(|item| matches!(item, ScriptItem::Command(_)));
    let Some(facts) = file.facts.of(step.id).filter(|_| shell && !step.script.is_empty()) else { return false };
    let commands = &facts.sections[0].script.commands;
    let idle = |command: &Command| command.name().is_some_and(|program| IDLE.contains(&program.as_ref()));
    commands.iter().all(|command| command.redirections.is_empty() && idle(command))
}
