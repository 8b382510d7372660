//! The outline of a file: what runs when, which steps get an OIDC token, and which roles they assume.

use std::collections::BTreeSet;

use crate::{
    analysis::Analysis,
    facts::{Calls, Facts, PipeUse, StepFacts, Value},
    pipeline::{self, Deployment, File, ItemKind, Start, Step, StepId},
    text::Span,
    yaml::Tree,
};
use serde::Serialize;

/// All pipelines, in text order.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Outline {
    /// The pipelines.
    pub pipelines: Vec<Pipeline>,
}

/// One pipeline and what starts it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "OutlinePipeline", optional_fields))]
pub struct Pipeline {
    /// The key that contains it: `branches`, `custom`.
    pub start: &'static str,
    /// Its name or pattern; absent for the default pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its name in the file.
    #[serde(flatten)]
    pub place: ByteRange,
    /// What it runs, in order.
    pub groups: Vec<Group>,
}

/// Steps that belong together: one by itself, a parallel group, or a stage.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "OutlineGroup", optional_fields))]
pub struct Group {
    /// How its steps run.
    pub kind: GroupKind,
    /// The name of a stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The deployment environment of a stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it waits for a person.
    pub manual: bool,
    /// Its steps.
    pub steps: Vec<StepBox>,
}

/// How the steps of a [`Group`] run.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "OutlineGroupKind"))]
pub enum GroupKind {
    /// One step by itself.
    Step,
    /// At the same time.
    Parallel,
    /// One after the other, as one unit.
    Stage,
    /// After all others, whatever their result.
    Final,
}

/// One step as it runs in one pipeline.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "OutlineStep", optional_fields))]
pub struct StepBox {
    /// Its name, or the start of its script.
    pub name: String,
    /// Its key in the file; its name where it has no key.
    #[serde(flatten)]
    pub place: ByteRange,
    /// The whole step, not only its name or key.
    pub extent: ByteRange,
    /// Its deployment environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether it waits for a person.
    pub manual: bool,
    /// Whether it gets an OIDC token.
    pub token: bool,
    /// The ARNs of its roles, if they are in the file.
    pub roles: BTreeSet<String>,
    /// The AWS tools and pipes that it runs.
    pub tools: BTreeSet<String>,
    /// Whether one of them certainly calls AWS.
    pub calls_aws: bool,
}

/// A range of the file, in bytes of its UTF-8 form.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ByteRange {
    /// Where it starts.
    pub offset: usize,
    /// How many bytes it has.
    pub length: usize,
}

impl From<ByteRange> for Span {
    fn from(range: ByteRange) -> Self {
        Self::new(range.offset, range.offset + range.length)
    }
}

impl From<Span> for ByteRange {
    fn from(span: Span) -> Self {
        Self { offset: span.start, length: span.len() }
    }
}

/// The outline of a file.
pub fn read(analysis: &Analysis<'_>) -> Outline {
    let drawing = Drawing { tree: analysis.tree, file: &analysis.model, facts: &analysis.facts };
    Outline { pipelines: analysis.model.pipelines.iter().map(|pipeline| drawing.pipeline(pipeline)).collect() }
}

struct Drawing<'d> {
    tree: &'d Tree,
    file: &'d File<'d>,
    facts: &'d Facts,
}

impl Drawing<'_> {
    fn pipeline(&self, pipeline: &pipeline::Pipeline<'_>) -> Pipeline {
        Pipeline {
            start: pipeline.start.key(),
            name: (pipeline.start != Start::Default).then(|| pipeline.name.value.to_owned()),
            place: pipeline.name.span(self.tree).into(),
            groups: pipeline.items.iter().filter_map(|item| self.group(&item.kind)).collect(),
        }
    }

    fn group(&self, kind: &ItemKind<'_>) -> Option<Group> {
        let plain = |kind, steps: &[StepId]| Group {
            kind,
            name: None,
            environment: None,
            manual: false,
            steps: steps.iter().map(|step| self.step(*step)).collect(),
        };
        Some(match kind {
            ItemKind::Step(step) => plain(GroupKind::Step, &[*step]),
            ItemKind::Final(step) => plain(GroupKind::Final, &[*step]),
            ItemKind::Parallel(group) => plain(GroupKind::Parallel, &group.steps),
            ItemKind::Stage(stage) => Group {
                name: stage.name.map(|name| name.value.to_owned()),
                environment: environment(stage.deployment),
                manual: stage.is_manual(),
                ..plain(GroupKind::Stage, &stage.steps)
            },
            ItemKind::Variables(_) | ItemKind::Unknown => return None,
        })
    }

    fn step(&self, id: StepId) -> StepBox {
        let step = self.file.step(id);
        let facts = self.facts.of(id);
        StepBox {
            name: step.name.map_or_else(|| first_command(step), |name| name.value.to_owned()),
            place: step.place(self.tree).into(),
            extent: self.tree.span(step.node).into(),
            environment: environment(step.deployment),
            manual: step.is_manual(),
            token: step.has_token(),
            roles: facts.map(roles).unwrap_or_default(),
            tools: facts.map(tools).unwrap_or_default(),
            calls_aws: facts.is_some_and(|facts| {
                facts.tools.iter().any(|tool| tool.call.calls.needs_credentials())
                    || facts.pipes.iter().any(|pipe| pipe.known.is_some())
            }),
        }
    }
}

fn environment(deployment: Option<Deployment<'_>>) -> Option<String> {
    deployment.map(|deployment| deployment.environment.value.to_owned())
}

/// A label for a step without a name: the start of its script.
fn first_command(step: &Step<'_>) -> String {
    let command = step.script.iter().find_map(|item| match item {
        pipeline::ScriptItem::Command(command) => command.value.lines().next().map(str::to_owned),
        pipeline::ScriptItem::Pipe(pipe) => Some(pipe.name().to_owned()),
        pipeline::ScriptItem::Other(_) => None,
    });
    command.unwrap_or_else(|| "step".to_owned())
}

fn roles(facts: &StepFacts) -> BTreeSet<String> {
    let bound = facts.bindings.iter().filter(|binding| binding.name == "AWS_ROLE_ARN").map(|binding| &binding.value);
    let assumed = facts.assumptions.iter().filter_map(|assumption| assumption.role.as_ref()).map(|role| &role.value);
    let piped = facts.pipes.iter().filter_map(PipeUse::role).map(|variable| &variable.value);
    bound.chain(assumed).chain(piped).filter_map(Value::literal).map(str::to_owned).collect()
}

fn tools(facts: &StepFacts) -> BTreeSet<String> {
    let run = facts.tools.iter().filter(|tool| tool.call.calls != Calls::Never);
    let run = run.map(|tool| match tool.call.command() {
        "" => tool.call.tool.name.to_owned(),
        command => format!("{} {command}", tool.call.tool.name),
    });
    run.chain(facts.pipes.iter().map(|pipe| pipe.name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;
    use crate::{
        analysis::{Analysis, ParsedFile},
        settings::Settings,
        text::Source,
    };

    #[test]
    fn steps_stages_and_groups_are_drawn_with_what_they_deploy_by() {
        let text = "pipelines:
  default:
    - step: {script: [make]}
  branches:
    main:
      - parallel:
          - step: {name: a, script: [b]}
      - stage:
          name: Ship
          deployment: production
          trigger: manual
          steps:
            - step:
                name: Deploy
                oidc: true
                script:
                  - export AWS_ROLE_ARN=arn:aws:iam::123456789012:role/Deploy
                  - npx cdk deploy --all --require-approval never
";
        let (source, settings) = (Source::new("bitbucket-pipelines.yml", text), Settings::default());
        let parsed = ParsedFile::new(&source);
        let outline = serde_json::to_value(read(&Analysis::new(&parsed, &settings))).unwrap();
        let pipelines = outline["pipelines"].as_array().unwrap();
        assert_eq!((&pipelines[0]["start"], &pipelines[0]["name"]), (&json!("default"), &Value::Null));
        assert_eq!(pipelines[0]["groups"][0]["steps"][0]["name"], "make");
        assert_eq!((&pipelines[1]["start"], &pipelines[1]["name"]), (&json!("branches"), &json!("main")));
        let stage = &pipelines[1]["groups"][1];
        assert_eq!((&stage["kind"], &stage["name"]), (&json!("stage"), &json!("Ship")));
        assert_eq!((&stage["environment"], &stage["manual"]), (&json!("production"), &json!(true)));
        let deploy = &stage["steps"][0];
        assert_eq!(deploy["token"], true);
        assert_eq!(deploy["roles"], json!(["arn:aws:iam::123456789012:role/Deploy"]));
        assert_eq!(deploy["tools"], json!(["AWS CDK deploy"]));
    }
}
