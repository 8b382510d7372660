use crate::{
    analysis::Analysis,
    pipeline::{ItemKind, Stage, Start},
    rules::{Findings, rule},
};

rule! {
    /// A step deploys to production without a person or a branch in between.
    ///
    /// In `default`, in a pipeline for every branch and in pull requests, every push deploys. Let the step wait for
    /// `trigger: manual`, or move it below `branches` with the branch that production is built from.
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

/// What people call the environment that customers see.
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
            let open = pipeline.runs_on_any_branch() || pipeline.start == Start::PullRequests;
            if production && open && !started && !earlier {
                let who = if pipeline.start == Start::PullRequests {
                    "every pull request"
                } else {
                    "every push to any branch"
                };
                findings
                    .report(
                        deployment.environment.span(file.tree),
                        format!("{who} deploys to {}", deployment.environment.value),
                    )
                    .help("add `trigger: manual` to the step, or move it below `branches`");
            }
        }
    }
}
