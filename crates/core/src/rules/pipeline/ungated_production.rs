use crate::{
    analysis::Analysis,
    pipeline::{ItemKind, Stage},
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
        for at in &step.uses {
            let pipeline = &file.model.pipelines[at.pipeline];
            let stage = match pipeline.items.get(at.item).map(|item| &item.kind) {
                Some(ItemKind::Stage(stage)) => Some(stage),
                _ => None,
            };
            let deployment = step.deployment.or(stage.and_then(|stage| stage.deployment));
            let Some(deployment) = deployment.filter(|deployment| deployment.recorded) else { continue };
            let production = PRODUCTION.contains(&deployment.environment.value.to_ascii_lowercase().as_str());
            let started = stage.is_some_and(Stage::is_manual);
            let earlier = pipeline.items[..at.item].iter().any(|item| match &item.kind {
                ItemKind::Step(id) => file.model.step(*id).is_manual(),
                ItemKind::Stage(stage) => stage.is_manual(),
                _ => false,
            });
            let open = pipeline.runs_on_any_branch() || pipeline.start.is_unmerged();
            if production && open && !started && !earlier {
                let event =
                    if pipeline.start.is_unmerged() { "every pull request" } else { "every push to any branch" };
                findings
                    .report(
                        deployment.environment.span(file.tree),
                        format!("{event} deploys to `{}`", deployment.environment.value),
                    )
                    .help("add `trigger: manual` to the step, or move it to a pipeline in `branches`");
            }
        }
    }
}
