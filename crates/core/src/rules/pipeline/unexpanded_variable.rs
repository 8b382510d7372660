use crate::{
    analysis::Analysis,
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// A deployment environment named by a variable.
    ///
    /// Bitbucket reads the file before any variable has a value: the environment would have to be called `$ENV` itself. It is a
    /// hint, since no page of the documentation says so.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   custom:
    ///     deploy:
    ///       - variables:
    ///           - name: ENV
    ///       - step:
    ///           deployment: $ENV
    ///           script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   custom:
    ///     deploy-staging:
    ///       - step:
    ///           deployment: staging
    ///           script: [make deploy]
    /// ```
    static RULE: "unexpanded-variable", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let steps = file.model.steps.iter().filter_map(|step| step.deployment);
    let stages = file.model.pipelines.iter().flat_map(|pipeline| &pipeline.items).filter_map(|item| match &item.kind {
        ItemKind::Stage(stage) => stage.deployment,
        _ => None,
    });
    for deployment in steps.chain(stages).filter(|deployment| deployment.environment.value.contains('$')) {
        let environment = deployment.environment;
        let message = format!("`{}` is taken as the environment's name, not as a variable", environment.value);
        findings
            .report(environment.span(file.tree), message)
            .help("write one step or pipeline for each environment, and share its script by an anchor");
    }
}
