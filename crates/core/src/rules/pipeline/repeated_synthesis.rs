use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::{ToolId, ToolUse},
    pipeline::{Pipeline, StepId, glob},
    rules::{Findings, rule},
};

rule! {
    /// A `cdk deploy` that does not use the cloud assembly synthesized by an earlier step.
    ///
    /// Steps share only artifacts. Without `--app cdk.out`, `cdk deploy` synthesizes the app again, and because
    /// context, dependencies, or time may have changed, the result can differ from what was reviewed or tested. With
    /// `--app cdk.out` but without an artifact, there is nothing to deploy, which is a warning.
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
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - npx cdk synth
    ///           artifacts:
    ///             - dist/**
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - npx cdk deploy --app cdk.out --require-approval never
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - stage:
    ///           name: Release
    ///           steps:
    ///             - step:
    ///                 script:
    ///                   - npx cdk synth
    ///                 artifacts:
    ///                   - cdk.out/**
    ///             - step:
    ///                 oidc: true
    ///                 script:
    ///                   - npx cdk deploy --all --require-approval never
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
    static RULE: "repeated-synthesis", Hint, check
}

const SYNTHESIS: &[&str] = &["synth", "synthesize"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let steps = in_order(pipeline);
        let synthesis = steps.iter().find_map(|(turn, step)| Some((*turn, cdk(file, *step, SYNTHESIS)?)));
        let Some((first, synthesis)) = synthesis else { continue };
        for (turn, step) in steps.iter().filter(|(turn, _)| *turn > first) {
            let Some((deploy, app)) = cdk(file, *step, &["deploy"]).and_then(|it| Some((it, app(file, *step, it)?)))
            else {
                continue;
            };
            let earlier = || steps.iter().filter(|(other, _)| other < turn).map(|(_, step)| file.model.step(*step));
            let (severity, message) = match app {
                App::BuiltAgain => (
                    Severity::Hint,
                    "this step synthesizes the app again instead of deploying an earlier result".into(),
                ),
                App::Folder(_) if cdk(file, *step, SYNTHESIS).is_some() || carries_more(file, *step) => continue,
                App::Folder(name)
                    if earlier().any(|step| step.artifacts.paths.iter().any(|path| carries(path.value, &name))) =>
                {
                    continue;
                }
                App::Folder(name) => {
                    (Severity::Warning, format!("`{name}` is missing here: no artifact passes it to this step"))
                }
            };
            findings
                .report_as(severity, deploy.span, message)
                .related(synthesis.span, "synthesized here")
                .help("pass `cdk.out/**` as an artifact of that step and deploy with `--app cdk.out`");
        }
    }
}

/// The steps of a pipeline, each with the number of its turn.
fn in_order(pipeline: &Pipeline<'_>) -> Vec<(usize, StepId)> {
    let turns = pipeline.turns().into_iter().enumerate();
    turns.flat_map(|(turn, steps)| steps.iter().map(move |step| (turn, *step))).collect()
}

/// The first call of the CDK CLI in a step with one of these subcommands.
fn cdk<'f>(file: &'f Analysis<'_>, step: StepId, subcommands: &[&str]) -> Option<&'f ToolUse> {
    file.facts
        .of(step)?
        .tools
        .iter()
        .find(|tool| tool.call.tool.id == ToolId::Cdk && subcommands.contains(&tool.call.command()))
}

/// What `cdk deploy` deploys.
enum App {
    BuiltAgain,
    Folder(String),
}

/// What a deployment uses; `None` if that is known only at run time.
fn app(file: &Analysis<'_>, step: StepId, deploy: &ToolUse) -> Option<App> {
    let command = &file.facts.of(step)?.sections[deploy.section].script.commands[deploy.command];
    let invocation = command.invocation()?;
    if let Some(app) = invocation.option("--app").or_else(|| invocation.option("-a")) {
        // `--app "node bin/app.js"` synthesizes it.
        let folder = app.literal()?.trim_start_matches("./").trim_end_matches('/').to_owned();
        return folder.ends_with("cdk.out").then_some(App::Folder(folder));
    }
    let unknown = invocation.arguments.iter().any(|word| word.literal().is_none() && word.prefix().is_empty());
    (!unknown).then_some(App::BuiltAgain)
}

/// Whether an artifact's path may include a folder.
fn carries(path: &str, folder: &str) -> bool {
    path.contains("cdk.out") || glob::matches(path, &format!("{folder}/manifest.json"))
}

/// Whether the folder may arrive in another way: the step changes the directory, or copies or downloads something.
fn carries_more(file: &Analysis<'_>, step: StepId) -> bool {
    let commands = file.facts.of(step).into_iter().flat_map(|facts| &facts.sections[0].script.commands);
    let names = commands.filter_map(|command| command.words.first());
    names
        .into_iter()
        .any(|name| matches!(name.prefix(), "cd" | "pushd" | "cp" | "mv" | "tar" | "unzip" | "aws" | "git"))
}
