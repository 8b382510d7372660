//! A pipeline: steps, parallel groups, stages, a final step, variables and imports.

use super::{
    shape::{ANY, BOOLEAN, Key, Object, ObjectId, STRING, STRING_OR_DOUBTFUL_NUMBER, Shape, list, map},
    step::{CONDITION, FINAL, ON_FAIL, STEP, TRIGGER},
};

/// A pipeline that a push, a tag or a pull request starts.
pub(super) static PIPELINE: Shape = Shape::OneOf(
    "a list of steps, or a mapping with `import`",
    &[&list(&Shape::Object(&ITEM), 1, usize::MAX), &IMPORT],
);

/// A pipeline that can have variables: custom and shared pipelines.
pub(super) static CUSTOM_PIPELINE: Shape = Shape::OneOf(
    "a list of steps, or a mapping with `import`",
    &[&list(&Shape::Object(&CUSTOM_ITEM), 1, usize::MAX), &IMPORT],
);

/// `merge-queues`. Its exact form is not documented, so every form is accepted.
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/manage-pull-requests-with-merge-queues/>.
pub(super) static MERGE_QUEUES: Shape =
    Shape::OneOf("pipelines by branch", &[&QUEUED_STEPS, &map("a pipeline", &QUEUED), &ANY]);

static QUEUED: Shape = Shape::OneOf("a list of steps", &[&QUEUED_STEPS, &ANY]);

static QUEUED_STEPS: Shape = list(&Shape::Object(&ITEM), 1, usize::MAX);

static STEP_SHAPE: Shape = Shape::Object(&STEP);
static STAGE_SHAPE: Shape = Shape::Object(&STAGE);
static FINAL_SHAPE: Shape = Shape::Object(&FINAL);

const STEP_KEY: Key = Key::new("step", &STEP_SHAPE, "a script that runs in one container");
const PARALLEL_KEY: Key = Key::new("parallel", &PARALLEL, "steps that run at the same time");
const STAGE_KEY: Key = Key::new("stage", &STAGE_SHAPE, "steps that share a deployment, a condition and a trigger");
const FINAL_KEY: Key = Key::new("final", &FINAL_SHAPE, "step that always runs last");

/// One item of a pipeline.
pub static ITEM: Object = Object {
    id: ObjectId::PipelineItem,
    name: "a pipeline item",
    additional_properties: false,
    keys: &[STEP_KEY, PARALLEL_KEY, STAGE_KEY, FINAL_KEY],
};

/// One item of a custom pipeline, which can have variables.
pub static CUSTOM_ITEM: Object = Object {
    id: ObjectId::CustomPipelineItem,
    name: "a custom pipeline item",
    additional_properties: false,
    keys: &[
        STEP_KEY,
        PARALLEL_KEY,
        STAGE_KEY,
        Key::new("final", &FINAL_SHAPE, "step that always runs last").doubt("in the schema only for other pipelines"),
        Key::new(
            "variables",
            &VARIABLES,
            "variables to fill in when the pipeline is started manually; first item of the list",
        ),
    ],
};

static PARALLEL: Shape = Shape::OneOf("a list of steps, or a mapping with `steps`", &[&STEPS, &Shape::Object(&GROUP)]);

static STEPS: Shape = list(&Shape::Object(&GROUP_ITEM), 1, usize::MAX);

/// One item of a parallel group.
pub static GROUP_ITEM: Object = Object {
    id: ObjectId::ParallelGroupItem,
    name: "a parallel group item",
    additional_properties: false,
    keys: &[STEP_KEY],
};

static GROUP: Object = Object {
    id: ObjectId::ParallelGroup,
    name: "a parallel group",
    additional_properties: true,
    keys: &[
        Key::new("steps", &STEPS, "steps of the group").required(),
        Key::new("fail-fast", &BOOLEAN, "whether the first failure stops the other steps"),
        Key::new("on-fail", &ON_FAIL, "what to do when a step fails").doubt("documented, but not in the schema"),
    ],
};

/// A stage.
pub static STAGE: Object = Object {
    id: ObjectId::Stage,
    name: "a stage",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "name of the stage in the log"),
        Key::new("steps", &list(&Shape::Object(&STAGE_ITEM), 1, usize::MAX), "steps of the stage, run in order")
            .required(),
        Key::new("deployment", &STRING, "deployment environment of all its steps"),
        Key::new("environment", &STRING, "environment whose variables its steps get, without recording a deployment"),
        Key::new("condition", &CONDITION, "condition for running the stage"),
        Key::new("trigger", &TRIGGER, "`manual` to wait until someone starts the stage"),
        Key::new("on-fail", &ON_FAIL, "what to do when a step fails").doubt("documented, but not in the schema"),
    ],
};

/// One item of a stage.
pub static STAGE_ITEM: Object =
    Object { id: ObjectId::StageItem, name: "a stage item", additional_properties: true, keys: &[STEP_KEY] };

static VARIABLES: Shape = list(&Shape::Object(&VARIABLE), 1, usize::MAX);

static VARIABLE: Object = Object {
    id: ObjectId::PipelineVariable,
    name: "a pipeline variable",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "name of the variable").required(),
        Key::new("default", &STRING_OR_DOUBTFUL_NUMBER, "default value"),
        Key::new("description", &STRING, "description shown to the user"),
        Key::new(
            "allowed-values",
            &list(&STRING_OR_DOUBTFUL_NUMBER, 1, usize::MAX),
            "allowed values; `default` must be one of them",
        ),
    ],
};

static IMPORT: Shape = Shape::Object(&IMPORT_MAP);

static IMPORT_MAP: Object = Object {
    id: ObjectId::ImportedPipeline,
    name: "an imported pipeline",
    additional_properties: false,
    keys: &[
        Key::new("import", &STRING, "`pipeline@source`, or `repository:branch:pipeline`").required(),
        Key::new("variables", &VARIABLES, "variables of the imported pipeline"),
    ],
};
