use crate::{
    facts::ToolUse,
    lint::{File, Findings, rule::rule},
    pipeline::{ItemKind, Pipeline, StepId},
};

rule! {
    /// `cdk deploy` builds the app again that an earlier step has synthesised.
    ///
    /// What was reviewed or tested in the first step is then not what is deployed: context, dependencies and time may have
    /// changed. Keep `cdk.out` as an artifact and deploy that, with `--app cdk.out`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - npx cdk synth
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - npx cdk deploy --require-approval never
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - npx cdk synth
    ///           artifacts:
    ///             - cdk.out/**
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - npx cdk deploy --app cdk.out --require-approval never
    /// ```
    static RULE: "synthesised-twice", Hint, check
}

fn check(file: &File<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let steps = in_order(pipeline);
        let synthesis =
            steps.iter().find_map(|(item, step)| Some((*item, cdk(file, *step, &["synth", "synthesize"])?)));
        let Some((first, synthesis)) = synthesis else { continue };
        for (_, step) in steps.iter().filter(|(item, _)| *item > first) {
            let Some(deploy) = cdk(file, *step, &["deploy"]).filter(|deploy| !from_assembly(file, *step, deploy))
            else {
                continue;
            };
            findings.report(deploy.span, "builds the app again instead of deploying what was synthesised", |finding| {
                finding
                    .related(synthesis.span, "synthesised here")
                    .help("keep `cdk.out/**` as an artifact of that step and add `--app cdk.out` here")
            });
        }
    }
}

/// The steps of a pipeline with the number of the item that they stand in.
fn in_order(pipeline: &Pipeline<'_>) -> Vec<(usize, StepId)> {
    let items = pipeline.items.iter().enumerate();
    let steps = items.flat_map(|(index, item)| {
        let steps = match &item.kind {
            ItemKind::Step(step) | ItemKind::Final(step) => std::slice::from_ref(step),
            ItemKind::Parallel(group) => &group.steps,
            ItemKind::Stage(stage) => &stage.steps,
            ItemKind::Variables(_) | ItemKind::Unknown => &[],
        };
        steps.iter().map(move |step| (index, *step))
    });
    steps.collect()
}

/// The first use of the CDK in a step with one of these subcommands.
fn cdk<'f>(file: &'f File<'_>, step: StepId, subcommands: &[&str]) -> Option<&'f ToolUse> {
    file.facts.of(step)?.tools.iter().find(|tool| {
        tool.call.tool.programs == ["cdk"]
            && tool.call.subcommand.split(' ').next().is_some_and(|first| subcommands.contains(&first))
    })
}

/// Whether `--app`, or an argument that only the run can tell, names what is deployed.
fn from_assembly(file: &File<'_>, step: StepId, deploy: &ToolUse) -> bool {
    let Some(facts) = file.facts.of(step) else { return false };
    let command = &facts.listings[deploy.listing].script.commands[deploy.command];
    command.invocation().is_none_or(|invocation| {
        invocation.has_flag(&["--app", "-a"])
            || invocation.arguments.iter().any(|word| word.literal().is_none() && word.prefix().is_empty())
    })
}
