use crate::{
    analysis::Analysis,
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// A variable in the name of a deployment environment.
    ///
    /// Bitbucket reads the file before variables have values, so the environment itself would be named `$ENV`. Use a
    /// separate step or pipeline for each environment, and share the script with an anchor.
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
    ///
    /// A hint, because Bitbucket's documentation does not say so.
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
        let message = format!(
            "variables are not expanded in `deployment`; the environment would be named `{}`",
            environment.value
        );
        findings
            .report(environment.span(file.tree), message)
            .help("use a separate step or pipeline for each environment, and share the script with an anchor");
    }
}
