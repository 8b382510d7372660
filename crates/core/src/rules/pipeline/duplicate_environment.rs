use std::collections::HashMap;

use crate::{
    analysis::Analysis,
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// One deployment environment stands twice in a pipeline.
    ///
    /// Bitbucket refuses it: "The deployment environment 'production' in your bitbucket-pipelines.yml file occurs multiple times
    /// in the pipeline". Steps that deploy to one environment together belong to one stage with that `deployment`.
    /// Source: <https://bitbucket.org/site/master/issues/18931>.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         deployment: production
    ///         script: [make deploy]
    ///     - step:
    ///         deployment: production
    ///         script: [make smoke-test]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         deployment: production
    ///         steps:
    ///           - step:
    ///               script: [make deploy]
    ///           - step:
    ///               script: [make smoke-test]
    /// ```
    static RULE: "duplicate-environment", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let mut first = HashMap::new();
        for item in &pipeline.items {
            let steps = match &item.kind {
                ItemKind::Step(step) => std::slice::from_ref(step),
                ItemKind::Parallel(group) => &group.steps,
                ItemKind::Stage(stage) => &stage.steps,
                _ => &[],
            };
            let stage = match &item.kind {
                ItemKind::Stage(stage) => stage.deployment,
                _ => None,
            };
            let own = steps.iter().filter_map(|step| file.model.step(*step).deployment);
            for deployment in stage.into_iter().chain(own).filter(|deployment| deployment.recorded) {
                let environment = deployment.environment;
                // An alias repeats the place of its anchor; the item is where the repetition stands.
                let here = (environment.span(file.tree), file.span(item.site));
                let Some((before, site)) = first.insert(environment.value, here) else { continue };
                let (place, other) = if before == here.0 { (here.1, site) } else { (here.0, before) };
                let message =
                    format!("`{}` is deployed to twice in the pipeline `{}`", environment.value, pipeline.name.value);
                findings.report(file.first_line(place), message).related(file.first_line(other), "first here").help(
                    "put the steps into one stage with this `deployment`, or use `environment:` for variables alone",
                );
            }
        }
    }
}
