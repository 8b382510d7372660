//! A pipeline: steps, parallel groups, stages, a final step, variables and imports.

use super::{
    shape::{BOOLEAN, Key, Object, ObjectId, STRING, STRING_OR_DOUBTFUL_NUMBER, Shape, list},
    step::{CONDITION, FINAL, ON_FAIL, STEP, TRIGGER},
};

/// A pipeline as a push, a tag or a pull request starts it.
pub(super) static PIPELINE: Shape =
    Shape::OneOf("a list of steps, or a map with `import`", &[&list(&Shape::Object(&ITEM), 1, usize::MAX), &IMPORT]);

/// A pipeline that may have variables: custom and shared ones.
pub(super) static CUSTOM_PIPELINE: Shape = Shape::OneOf(
    "a list of steps, or a map with `import`",
    &[&list(&Shape::Object(&CUSTOM_ITEM), 1, usize::MAX), &IMPORT],
);

static STEP_SHAPE: Shape = Shape::Object(&STEP);
static STAGE_SHAPE: Shape = Shape::Object(&STAGE);
static FINAL_SHAPE: Shape = Shape::Object(&FINAL);

const STEP_KEY: Key = Key::new("step", &STEP_SHAPE, "one container running one script");
const PARALLEL_KEY: Key = Key::new("parallel", &PARALLEL, "steps that run at the same time");
const STAGE_KEY: Key = Key::new("stage", &STAGE_SHAPE, "steps that share a deployment, a condition and a trigger");
const FINAL_KEY: Key = Key::new("final", &FINAL_SHAPE, "the step that always runs last");

/// One item of a pipeline.
pub static ITEM: Object = Object {
    id: ObjectId::PipelineItem,
    name: "an item of a pipeline",
    additional_properties: false,
    keys: &[STEP_KEY, PARALLEL_KEY, STAGE_KEY, FINAL_KEY],
};

/// One item of a pipeline that may ask for variables.
pub static CUSTOM_ITEM: Object = Object {
    id: ObjectId::CustomPipelineItem,
    name: "an item of a custom pipeline",
    additional_properties: false,
    keys: &[
        STEP_KEY,
        PARALLEL_KEY,
        STAGE_KEY,
        Key::new("final", &FINAL_SHAPE, "the step that always runs last")
            .doubt("the schema lists it for other pipelines only"),
        Key::new(
            "variables",
            &VARIABLES,
            "variables asked for when the pipeline is started by hand; first in the list",
        ),
    ],
};

static PARALLEL: Shape = Shape::OneOf("a list of steps, or a map with `steps`", &[&STEPS, &Shape::Object(&GROUP)]);

static STEPS: Shape = list(&Shape::Object(&GROUP_ITEM), 1, usize::MAX);

/// One item of a parallel group.
pub static GROUP_ITEM: Object = Object {
    id: ObjectId::ParallelGroupItem,
    name: "an item of a parallel group",
    additional_properties: false,
    keys: &[STEP_KEY],
};

static GROUP: Object = Object {
    id: ObjectId::ParallelGroup,
    name: "a parallel group",
    additional_properties: true,
    keys: &[
        Key::new("steps", &STEPS, "the steps").required(),
        Key::new("fail-fast", &BOOLEAN, "whether the first failure stops the others"),
        Key::new("on-fail", &ON_FAIL, "what happens when a step fails").doubt("documented, absent from the schema"),
    ],
};

/// A stage.
pub static STAGE: Object = Object {
    id: ObjectId::Stage,
    name: "a stage",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "what the stage is called in the log"),
        Key::new("steps", &list(&Shape::Object(&STAGE_ITEM), 1, usize::MAX), "its steps, one after another").required(),
        Key::new("deployment", &STRING, "the deployment environment of all its steps"),
        Key::new(
            "environment",
            &STRING,
            "the environment whose variables its steps get, without recording a deployment",
        ),
        Key::new("condition", &CONDITION, "when the stage runs at all"),
        Key::new("trigger", &TRIGGER, "whether the stage waits for someone to start it"),
        Key::new("on-fail", &ON_FAIL, "what happens when a step fails").doubt("documented, absent from the schema"),
    ],
};

/// One item of a stage.
pub static STAGE_ITEM: Object =
    Object { id: ObjectId::StageItem, name: "an item of a stage", additional_properties: true, keys: &[STEP_KEY] };

static VARIABLES: Shape = list(&Shape::Object(&VARIABLE), 1, usize::MAX);

static VARIABLE: Object = Object {
    id: ObjectId::PipelineVariable,
    name: "a pipeline variable",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "the variable's name").required(),
        Key::new("default", &STRING_OR_DOUBTFUL_NUMBER, "its value when none is given"),
        Key::new("description", &STRING, "what it is for"),
        Key::new(
            "allowed-values",
            &list(&STRING_OR_DOUBTFUL_NUMBER, 1, usize::MAX),
            "the only values it may take; needs a `default` among them",
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
