//! A step, and what it does.

use super::{
    root::{AGENT_CONFIG, PERMISSIONS, PROVIDER},
    runtime::{CLONE, IMAGE, MAX_TIME, RUNS_ON, RUNTIME, SIZE},
    shape::{
        ANY, BOOLEAN, Key, NON_EMPTY_STRINGS, Object, ObjectId, STRING, STRING_OR_DOUBTFUL_NUMBER, STRINGS, Shape,
        integer_from, integer_up_to_doubtful, list, map, non_empty_map, non_empty_string_up_to, string_enum,
        string_up_to,
    },
};

/// The keys of a step. `final` shares them, except those that a final step cannot have.
macro_rules! step_keys {
    ($($more:expr),* $(,)?) => {
        &[
            Key::new("name", &STRING, "name of the step in the log"),
            Key::new("script", &SCRIPT, "commands and pipes, run in order"),
            Key::new("after-script", &SCRIPT, "commands that run afterwards, even if the script failed"),
            Key::new("image", &IMAGE, "Docker image that the commands run in"),
            Key::new("size", &SIZE, "CPU, memory and disk size of the step"),
            Key::new("max-time", &MAX_TIME, "timeout in minutes; 120 if not set"),
            Key::new("oidc", &OIDC, "whether the step gets an OIDC token in `BITBUCKET_STEP_OIDC_TOKEN`"),
            Key::new("environment", &STRING, "environment whose variables the step gets, without recording a deployment"),
            Key::new("condition", &CONDITION, "condition for running the step"),
            Key::new("caches", &NON_EMPTY_STRINGS, "caches to restore before the step and save after it"),
            Key::new("services", &list(&STRING, 1, 5), "services that run next to the step; `docker` counts as one"),
            Key::new("artifacts", &ARTIFACTS, "files passed to later steps"),
            Key::new("clone", &CLONE, "clone settings of the step"),
            Key::new("runtime", &RUNTIME, "execution environment of the step"),
            Key::new("runs-on", &RUNS_ON, "labels of the self-hosted runner for the step"),
            Key::new("concurrency-group", &string_up_to(50), "group whose steps run one at a time"),
            Key::new("type", &string_enum(&["inline", "pipeline"]), "`pipeline` to run a custom pipeline as a child pipeline"),
            Key::new("custom", &STRING, "custom pipeline that a step of type `pipeline` runs"),
            Key::new("input-variables", &INPUT_VARIABLES, "variables passed to the child pipeline"),
            Key::new("output-variables", &ANY, "variables passed to later steps")
                .doubt("documented, but not in the schema"),
            Key::new("on-fail", &ON_FAIL, "what happens when the step fails")
                .doubt("documented, but not in the schema"),
            Key::new("config", &STRING, "name of the settings inherited from `definitions.step-config`")
                .doubt("not documented by Atlassian"),
            Key::new("auth", &Shape::Object(&AUTH), "access of the step's Bitbucket token"),
            $($more),*
        ]
    };
}

/// A step.
pub static STEP: Object = Object {
    id: ObjectId::Step,
    name: "a step",
    additional_properties: true,
    keys: step_keys![
        Key::new(
            "deployment",
            &STRING,
            "deployment environment: provides its variables, records the deployment, and puts its UUID into the token's `sub`"
        ),
        Key::new("trigger", &TRIGGER, "`manual` to wait until someone starts the step"),
        Key::new("fail-fast", &BOOLEAN, "whether a failure of this step stops the parallel group"),
    ],
};

/// The final step of a pipeline.
pub static FINAL: Object = Object {
    id: ObjectId::FinalStep,
    name: "the final step",
    additional_properties: true,
    keys: step_keys![Key::new("trigger", &string_enum(&["automatic"]), "a final step always starts automatically")],
};

/// Automatic or manual.
pub(super) static TRIGGER: Shape = string_enum(&["automatic", "manual"]);

static OIDC: Shape =
    Shape::OneOf("`true`, `false` or a mapping with `audiences`", &[&BOOLEAN, &Shape::Object(&AUDIENCES)]);

/// `oidc: {audiences: […]}`.
/// Source: <https://www.atlassian.com/blog/bitbucket/bitbucket-pipelines-oidc-now-supports-multiple-audiences>.
pub(super) static AUDIENCES: Object = Object {
    id: ObjectId::Oidc,
    name: "`oidc`",
    additional_properties: true,
    keys: &[Key::new("audiences", &list(&AUDIENCE, 1, 10), "additional audiences of the token").required()],
};

static AUDIENCE: Shape = string_up_to(150);

/// Commands, pipes and agent tasks.
pub(super) static SCRIPT: Shape = list(&SCRIPT_ITEM, 1, usize::MAX);

static SCRIPT_ITEM: Shape =
    Shape::OneOf("a command (a string) or a pipe", &[&STRING, &Shape::Object(&PIPE), &Shape::Object(&AGENT_TASK)]);

/// A pipe in a script.
pub static PIPE: Object = Object {
    id: ObjectId::Pipe,
    name: "a pipe",
    additional_properties: true,
    keys: &[
        Key::new("pipe", &STRING, "name and version of the pipe, such as `atlassian/aws-s3-deploy:2.0.1`").required(),
        Key::new("variables", &map("a value", &PIPE_VALUE), "values passed to the pipe"),
        Key::new("name", &STRING, "name of the pipe in the log").doubt("not documented by Atlassian"),
    ],
};

static PIPE_VALUE: Shape = Shape::OneOf(
    "a string or a list of strings",
    &[&STRING_OR_DOUBTFUL_NUMBER, &list(&STRING_OR_DOUBTFUL_NUMBER, 0, usize::MAX)],
);

static AGENT_TASK: Object = Object {
    id: ObjectId::AgentTask,
    name: "an agent task",
    additional_properties: true,
    keys: &[
        Key::new("agent", &STRING, "name of an agent in `definitions.agents`").required(),
        Key::new("prompt", &STRING, "instructions that replace those of the agent"),
        Key::new("provider", &PROVIDER, "AI provider that runs the agent"),
        Key::new("config", &Shape::Object(&AGENT_CONFIG), "configuration file and overrides"),
        Key::new("permissions", &Shape::Object(&PERMISSIONS), "answers to the agent's permission requests"),
        Key::new("use-legacy-mcp", &BOOLEAN, "whether to use the older Bitbucket MCP server"),
    ],
};

/// When something runs.
pub(super) static CONDITION: Shape = Shape::Object(&CONDITION_MAP);

static CONDITION_MAP: Object = Object {
    id: ObjectId::Condition,
    name: "a condition",
    additional_properties: true,
    keys: &[
        Key::new("changesets", &Shape::Object(&CHANGESETS), "changed files that the condition depends on"),
        Key::new("state", &non_empty_string_up_to(1000), "expression that must be true"),
    ],
};

static CHANGESETS: Object = Object {
    id: ObjectId::Changesets,
    name: "`changesets`",
    additional_properties: false,
    keys: &[
        Key::new("includePaths", &NON_EMPTY_STRINGS, "run if any changed file matches"),
        Key::new("excludePaths", &NON_EMPTY_STRINGS, "skip if all changed files match"),
    ],
};

static ARTIFACTS: Shape = Shape::OneOf(
    "a list of paths, or a mapping with `upload`, `download` or `paths`",
    &[&NON_EMPTY_STRINGS, &Shape::Object(&ARTIFACTS_MAP)],
);

static ARTIFACTS_MAP: Object = Object {
    id: ObjectId::Artifacts,
    name: "`artifacts`",
    additional_properties: true,
    keys: &[
        Key::new("paths", &NON_EMPTY_STRINGS, "files passed to later steps"),
        Key::new(
            "download",
            &Shape::OneOf("`true`, `false` or a list of names", &[&BOOLEAN, &NON_EMPTY_STRINGS]),
            "artifacts that this step downloads",
        ),
        Key::new("upload", &list(&UPLOAD, 1, usize::MAX), "named artifacts"),
    ],
};

static UPLOAD: Shape = Shape::OneOf("a mapping with `name` and `paths`", &[&Shape::Object(&UPLOAD_MAP), &STRING]);

static UPLOAD_MAP: Object = Object {
    id: ObjectId::Upload,
    name: "an upload",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "name of the artifact").required(),
        Key::new("paths", &NON_EMPTY_STRINGS, "paths of its files").required(),
        Key::new(
            "type",
            &string_enum(&["shared", "scoped", "test-reports"]),
            "who can download it; `shared` if not set",
        ),
        Key::new(
            "capture-on",
            &string_enum(&["success", "failed", "always"]),
            "result of the step on which it is uploaded",
        ),
        Key::new("depth", &integer_from(1), "maximum folder depth to search"),
        Key::new("ignore-paths", &STRINGS, "files to exclude"),
    ],
};

static INPUT_VARIABLES: Shape = non_empty_map("a value", &STRING_OR_DOUBTFUL_NUMBER, 20);

/// Documented by Atlassian, but not in the schema.
pub(super) static ON_FAIL: Shape = Shape::Object(&ON_FAIL_MAP);

static ON_FAIL_MAP: Object = Object {
    id: ObjectId::OnFail,
    name: "`on-fail`",
    additional_properties: true,
    keys: &[
        Key::new("strategy", &string_enum(&["fail", "retry", "ignore"]), "fail, retry, or continue"),
        Key::new("maxRetryCount", &integer_up_to_doubtful(1, 10), "maximum number of retries")
            .doubt("not documented by Atlassian"),
    ],
};

static AUTH: Object = Object {
    id: ObjectId::Auth,
    name: "`auth`",
    additional_properties: true,
    keys: &[Key::new("system", &Shape::Object(&AUTH_SYSTEM), "the token that Bitbucket gives to the step")],
};

static AUTH_SYSTEM: Object = Object {
    id: ObjectId::AuthSystem,
    name: "`auth.system`",
    additional_properties: true,
    keys: &[Key::new("scopes", &STRINGS, "additional scopes of the token")],
};
