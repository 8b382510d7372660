use crate::{
    analysis::Analysis,
    pipeline::ItemKind,
    rules::{Findings, rule},
    text::Span,
    yaml::NodeId,
};

rule! {
    /// A failure strategy on a deployment step.
    ///
    /// `on-fail` retries a step or ignores its failure. It is reported not to be available for steps with a `deployment`,
    /// and a failed deployment that is ignored would be recorded as successful.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           deployment: staging
    ///           on-fail:
    ///             strategy: retry
    ///             maxRetryCount: 2
    ///           script: [./deploy.sh]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           on-fail:
    ///             strategy: retry
    ///             maxRetryCount: 2
    ///           script: [make test]
    ///       - step:
    ///           deployment: staging
    ///           script: [./deploy.sh]
    /// ```
    ///
    /// A hint, because Bitbucket's documentation was not checked. `strategy: fail` is the default and not reported.
    static RULE: "deployment-on-fail", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        let deployments = file.model.deployments(step).into_iter().flatten();
        let deployment = step.deployment.or_else(|| deployments.into_iter().next());
        if let Some(deployment) = deployment.filter(|deployment| deployment.recorded) {
            report(file, step.node, deployment.environment.span(file.tree), findings);
        }
    }
    for item in file.model.pipelines.iter().flat_map(|pipeline| &pipeline.items) {
        let ItemKind::Stage(stage) = &item.kind else { continue };
        if let Some(deployment) = stage.deployment.filter(|deployment| deployment.recorded) {
            report(file, stage.node, deployment.environment.span(file.tree), findings);
        }
    }
}

fn report(file: &Analysis<'_>, node: NodeId, deployment: Span, findings: &mut Findings<'_>) {
    let Some(field) = file.tree.field(node, "on-fail") else { return };
    let strategy = file.tree.field(field.value, "strategy").map(|strategy| file.text(strategy.value));
    if strategy != Some("fail") {
        findings
            .report(file.span(field.key), "`on-fail` may not be allowed on a deployment")
            .related(deployment, "deployed here")
            .help("retry the command in the script, or move what may fail to a step without `deployment`");
    }
}
