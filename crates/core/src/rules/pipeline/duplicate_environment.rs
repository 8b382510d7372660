use std::collections::HashMap;

use crate::{
    analysis::Analysis,
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// A deployment environment that is used twice in one pipeline.
    ///
    /// Bitbucket rejects the file: "The deployment environment 'production' in your bitbucket-pipelines.yml file occurs
    /// multiple times in the pipeline". To deploy to one environment in several steps, group them in one stage with
    /// that `deployment`.
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
    ///
    /// Source: <https://bitbucket.org/site/master/issues/18931>.
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
                // An alias has the span of its anchor; then the item is what differs.
                let here = (environment.span(file.tree), file.span(item.site));
                let Some((before, site)) = first.insert(environment.value, here) else { continue };
                let (place, other) = if before == here.0 { (here.1, site) } else { (here.0, before) };
                let message =
                    format!("environment `{}` is used twice in pipeline `{}`", environment.value, pipeline.name.value);
                findings
                    .report(file.first_line(place), message)
                    .related(file.first_line(other), "first used here")
                    .help(
                        "group the steps in one stage with this `deployment`, or use `environment` to read variables",
                    );
            }
        }
    }
}
