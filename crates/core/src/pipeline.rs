//! The typed model of a pipeline file: what runs, in which order, and with which settings.
//!
//! The model contains what could be read and omits the rest, whose problems `language` reports.
//! Every part keeps its node, so that a finding about it has a span. A step that aliases use in several pipelines
//! is one [`Step`] with several [`Use`]s.

mod definitions;
mod effective;
pub mod glob;
mod read;
mod step;

pub use definitions::{BUILT_IN_SERVICE, Definitions, Imported, NODE_CACHE, Named, PREDEFINED_CACHES, Service};
pub use read::read;
use step::MANUAL;
pub use step::{
    Artifacts, Command, Deployment, Download, Image, Language, Oidc, Pipe, Role, Runtime, ScriptItem, Step, StepId,
    Text, Upload, is_moving_tag, means_oidc,
};

use crate::yaml::NodeId;

/// A whole file.
#[derive(Clone, Debug, Default)]
pub struct File<'t> {
    /// The root mapping; `None` if the document is empty or something else.
    pub root: Option<NodeId>,
    /// The image of every step without one.
    pub image: Option<Image<'t>>,
    /// Settings for all steps.
    pub options: Options<'t>,
    /// Services, caches and everything else that pipelines refer to.
    pub definitions: Definitions<'t>,
    /// All pipelines in document order, then those under `definitions.pipelines`.
    pub pipelines: Vec<Pipeline<'t>>,
    /// All steps, each once; unused ones last.
    pub steps: Vec<Step<'t>>,
    /// Names of custom pipelines that `triggers` start.
    pub triggered: Vec<Text<'t>>,
    /// `export: true`, with which other repositories can import from the file.
    pub export: Option<NodeId>,
}

impl<'t> File<'t> {
    /// A step by its number.
    pub fn step(&self, id: StepId) -> &Step<'t> {
        &self.steps[id.0]
    }
}

/// `options`.
#[derive(Clone, Debug, Default)]
pub struct Options<'t> {
    /// `docker: true`
    pub docker: bool,
    /// `size`
    pub size: Option<Text<'t>>,
    /// `max-time`, in minutes.
    pub max_time: Option<i64>,
    /// `runtime`
    pub runtime: Option<Runtime<'t>>,
    /// `runs-on`
    pub runs_on: Vec<Text<'t>>,
    /// `oidc`
    pub oidc: Option<Oidc<'t>>,
}

/// What starts a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// Pushes that no other pipeline matches.
    Default,
    /// Pushes to matching branches.
    Branches,
    /// Pushes of matching tags.
    Tags,
    /// Pull requests from matching branches.
    PullRequests,
    /// Pull requests in a merge queue: their code is not merged yet.
    MergeQueues,
    /// People, schedules, triggers and parent steps.
    Custom,
    /// Pipelines of other repositories that import it.
    Shared,
}

impl Start {
    /// Whether such a pipeline runs code that is not merged yet.
    pub const fn is_unmerged(self) -> bool {
        matches!(self, Self::PullRequests | Self::MergeQueues)
    }

    /// The key of such pipelines.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Branches => "branches",
            Self::Tags => "tags",
            Self::PullRequests => "pull-requests",
            Self::MergeQueues => "merge-queues",
            Self::Custom => "custom",
            Self::Shared => "definitions.pipelines",
        }
    }
}

/// One pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline<'t> {
    /// What starts it.
    pub start: Start,
    /// Its name or pattern; for the default pipeline the key itself.
    pub name: Text<'t>,
    /// The value under the name.
    pub body: NodeId,
    /// Its items in order.
    pub items: Vec<Item<'t>>,
    /// `import`, if the pipeline comes from another repository.
    pub import: Option<Text<'t>>,
}

impl<'t> Pipeline<'t> {
    /// Whether a push to any branch may start it. Pull requests do not count.
    pub fn runs_on_any_branch(&self) -> bool {
        match self.start {
            Start::Default => true,
            Start::Branches => matches!(self.name.value, "*" | "**"),
            Start::Tags | Start::PullRequests | Start::MergeQueues | Start::Custom | Start::Shared => false,
        }
    }

    /// Its steps in order, those of parallel groups and stages included.
    pub fn steps(&self) -> impl Iterator<Item = StepId> + '_ {
        self.items
            .iter()
            .flat_map(|item| match &item.kind {
                ItemKind::Step(step) | ItemKind::Final(step) => std::slice::from_ref(step),
                ItemKind::Parallel(group) => &group.steps,
                ItemKind::Stage(stage) => &stage.steps,
                ItemKind::Variables(_) | ItemKind::Unknown => &[],
            })
            .copied()
    }

    /// Its steps by turn: those of one turn run at the same time, and after those of the turns before.
    pub fn turns(&self) -> Vec<&[StepId]> {
        let mut turns = Vec::new();
        for item in &self.items {
            match &item.kind {
                ItemKind::Step(step) | ItemKind::Final(step) => turns.push(std::slice::from_ref(step)),
                ItemKind::Parallel(group) => turns.push(group.steps.as_slice()),
                ItemKind::Stage(stage) => turns.extend(stage.steps.iter().map(std::slice::from_ref)),
                ItemKind::Variables(_) | ItemKind::Unknown => {}
            }
        }
        turns
    }

    /// The variables that it asks for.
    pub fn variables(&self) -> impl Iterator<Item = &Variable<'t>> {
        self.items.iter().flat_map(|item| match &item.kind {
            ItemKind::Variables(variables) => variables.as_slice(),
            _ => &[],
        })
    }
}

/// One item of a pipeline's list.
#[derive(Clone, Debug)]
pub struct Item<'t> {
    /// The item as written in the list, possibly an alias.
    pub site: NodeId,
    /// The key of its kind; `None` if there is none.
    pub key: Option<NodeId>,
    /// What it is.
    pub kind: ItemKind<'t>,
}

/// What an item of a pipeline is.
#[derive(Clone, Debug)]
pub enum ItemKind<'t> {
    /// `step`
    Step(StepId),
    /// `parallel`
    Parallel(Group),
    /// `stage`
    Stage(Stage<'t>),
    /// `final`
    Final(StepId),
    /// `variables`
    Variables(Vec<Variable<'t>>),
    /// Anything that could not be read as one of them.
    Unknown,
}

/// A parallel group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The value of `parallel`.
    pub node: NodeId,
    /// Its steps.
    pub steps: Vec<StepId>,
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage<'t> {
    /// Its mapping.
    pub node: NodeId,
    /// `name`
    pub name: Option<Text<'t>>,
    /// `deployment` or `environment`.
    pub deployment: Option<Deployment<'t>>,
    /// `trigger`
    pub trigger: Option<Text<'t>>,
    /// `condition`
    pub condition: Option<NodeId>,
    /// Its steps.
    pub steps: Vec<StepId>,
}

impl Stage<'_> {
    /// Whether it has to be started manually: `trigger: manual`.
    pub fn is_manual(&self) -> bool {
        self.trigger.is_some_and(|trigger| trigger.value == MANUAL)
    }
}

/// A variable that a custom pipeline asks for.
#[derive(Clone, Debug)]
pub struct Variable<'t> {
    /// `name`
    pub name: Text<'t>,
    /// `default`
    pub default: Option<Text<'t>>,
    /// `allowed-values` and the key above them.
    pub allowed: Option<(NodeId, Vec<Text<'t>>)>,
}

/// One place where a pipeline runs a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The number of the pipeline in [`File::pipelines`].
    pub pipeline: usize,
    /// The number of the item in it.
    pub item: usize,
    /// Whether the step is in a parallel group.
    pub parallel: bool,
    /// Whether it is in a stage.
    pub stage: bool,
    /// The outermost alias that leads there, the item that merges it, or the step itself.
    pub site: NodeId,
}

#[cfg(test)]
mod tests {
    use super::{ItemKind, Oidc, Role, Start, read};
    use crate::yaml::{Limits, parse};

    const EVERYWHERE: &str = "
definitions:
  steps:
    - step: &build
        name: build
        script: [make]
    - step: &forgotten
        script: [true]
  services:
    db: {image: postgres, memory: 512}
pipelines:
  default:
    - step: *build
    - parallel:
        - step: {script: [a]}
        - step: *build
    - parallel:
        fail-fast: true
        steps:
          - step: {<<: *build, name: other}
  branches:
    main:
      - stage:
          name: ship
          deployment: production
          steps:
            - step: {oidc: true, script: [{pipe: 'atlassian/aws-s3-deploy:2.0.1', variables: {A: b}}]}
      - final:
          script: [bye]
  custom:
    by-hand:
      - variables:
          - {name: X, default: a, allowed-values: [a, b]}
      - step: {type: pipeline, custom: other}
";

    #[test]
    fn steps_are_found_wherever_they_live() {
        let (tree, problems) = parse(EVERYWHERE, Limits::default());
        assert_eq!(problems, []);
        let file = read(&tree);
        let found: Vec<_> = file
            .steps
            .iter()
            .map(|step| (step.name.map_or("-", |name| name.value), step.uses.len(), step.role, step.script.len()))
            .collect();
        assert_eq!(
            found,
            [
                ("build", 2, Role::Step, 1),
                ("-", 1, Role::Step, 1),
                ("other", 1, Role::Step, 1),
                ("-", 1, Role::Step, 1),
                ("-", 1, Role::Final, 1),
                ("-", 1, Role::Step, 0),
                ("-", 0, Role::Step, 1),
            ]
        );
        let starts: Vec<_> = file.pipelines.iter().map(|pipeline| (pipeline.start, pipeline.name.value)).collect();
        assert_eq!(starts, [(Start::Default, "default"), (Start::Branches, "main"), (Start::Custom, "by-hand")]);
        assert_eq!(file.pipelines[0].steps().count(), 4);
        let deploy = &file.steps[3];
        assert!(matches!(deploy.oidc, Some(Oidc::Enabled(true, _))) && deploy.uses[0].stage);
        let pipe = deploy.pipes().next().unwrap();
        assert_eq!((pipe.name(), pipe.version()), ("atlassian/aws-s3-deploy", Some("2.0.1")));
        let ItemKind::Stage(stage) = &file.pipelines[1].items[0].kind else { panic!() };
        assert_eq!(stage.deployment.map(|deployment| deployment.environment.value), Some("production"));
        assert_eq!(file.pipelines[2].variables().count(), 1);
        assert!(file.steps[5].is_child_pipeline);
        assert_eq!(file.definitions.services[0].memory.map(|memory| memory.value), Some(512));
    }
}
