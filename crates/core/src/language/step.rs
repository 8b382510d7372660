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
            Key::new("name", &STRING, "what the step is called in the log"),
            Key::new("script", &SCRIPT, "the commands and pipes, run in order"),
            Key::new("after-script", &SCRIPT, "commands that run afterwards, also when the script failed"),
            Key::new("image", &IMAGE, "the Docker image that the commands run in"),
            Key::new("size", &SIZE, "CPU, memory and disk of the step"),
            Key::new("max-time", &MAX_TIME, "minutes after which the step is stopped; 120 if unset"),
            Key::new("oidc", &OIDC, "whether the step gets a signed token in `BITBUCKET_STEP_OIDC_TOKEN`"),
            Key::new("environment", &STRING, "the environment whose variables the step gets, without recording a deployment"),
            Key::new("condition", &CONDITION, "when the step runs at all"),
            Key::new("caches", &NON_EMPTY_STRINGS, "caches to restore before and save after"),
            Key::new("services", &list(&STRING, 1, 5), "services that run beside the step; docker counts as one"),
            Key::new("artifacts", &ARTIFACTS, "files handed to later steps"),
            Key::new("clone", &CLONE, "how this step clones the repository"),
            Key::new("runtime", &RUNTIME, "the machine that the step runs on"),
            Key::new("runs-on", &RUNS_ON, "labels of the self-hosted runner for the step"),
            Key::new("concurrency-group", &string_up_to(50), "steps of one group run one at a time"),
            Key::new("type", &string_enum(&["inline", "pipeline"]), "`pipeline` to run a custom pipeline as a child"),
            Key::new("custom", &STRING, "the custom pipeline that a step of type `pipeline` runs"),
            Key::new("input-variables", &INPUT_VARIABLES, "variables handed to the child pipeline"),
            Key::new("output-variables", &ANY, "variables that later steps receive")
                .doubt("documented, absent from the schema"),
            Key::new("on-fail", &ON_FAIL, "what happens when the step fails")
                .doubt("documented, absent from the schema"),
            Key::new("config", &STRING, "settings inherited from `definitions.step-config`")
                .doubt("known from secondary sources only"),
            Key::new("auth", &Shape::Object(&AUTH), "scopes of the step's Bitbucket token"),
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
            "the deployment environment: its variables, its record, and its UUID in the token's `sub`"
        ),
        Key::new("trigger", &TRIGGER, "whether the step waits for someone to start it"),
        Key::new("fail-fast", &BOOLEAN, "whether its failure stops the parallel group"),
    ],
};

/// The final step of a pipeline.
pub static FINAL: Object = Object {
    id: ObjectId::FinalStep,
    name: "the final step",
    additional_properties: true,
    keys: step_keys![Key::new("trigger", &string_enum(&["automatic"]), "a final step always starts by itself")],
};

/// Automatic or manual.
pub(super) static TRIGGER: Shape = string_enum(&["automatic", "manual"]);

static OIDC: Shape = Shape::OneOf("`true`, `false` or a map with `audiences`", &[&BOOLEAN, &Shape::Object(&AUDIENCES)]);

/// `oidc: {audiences: […]}`.
/// Source: <https://www.atlassian.com/blog/bitbucket/bitbucket-pipelines-oidc-now-supports-multiple-audiences>.
pub(super) static AUDIENCES: Object = Object {
    id: ObjectId::Oidc,
    name: "`oidc`",
    additional_properties: true,
    keys: &[Key::new("audiences", &list(&AUDIENCE, 1, 10), "audiences of the token besides the workspace's").required()],
};

static AUDIENCE: Shape = string_up_to(150);

/// Commands, pipes and agent tasks.
pub(super) static SCRIPT: Shape = list(&SCRIPT_ITEM, 1, usize::MAX);

static SCRIPT_ITEM: Shape =
    Shape::OneOf("a command (text) or a pipe", &[&STRING, &Shape::Object(&PIPE), &Shape::Object(&AGENT_TASK)]);

/// A pipe in a script.
pub static PIPE: Object = Object {
    id: ObjectId::Pipe,
    name: "a pipe",
    additional_properties: true,
    keys: &[
        Key::new("pipe", &STRING, "the pipe and its version, such as `atlassian/aws-s3-deploy:2.0.1`").required(),
        Key::new("variables", &map("a value", &PIPE_VALUE), "what the pipe is told"),
        Key::new("name", &STRING, "what the pipe is called in the log").doubt("known from secondary sources only"),
    ],
};

static PIPE_VALUE: Shape = Shape::OneOf(
    "text or a list of texts",
    &[&STRING_OR_DOUBTFUL_NUMBER, &list(&STRING_OR_DOUBTFUL_NUMBER, 0, usize::MAX)],
);

static AGENT_TASK: Object = Object {
    id: ObjectId::AgentTask,
    name: "an agent task",
    additional_properties: true,
    keys: &[
        Key::new("agent", &STRING, "an agent of `definitions.agents`").required(),
        Key::new("prompt", &STRING, "what the agent is told instead"),
        Key::new("provider", &PROVIDER, "who runs it"),
        Key::new("config", &Shape::Object(&AGENT_CONFIG), "its configuration file and overrides"),
        Key::new("permissions", &Shape::Object(&PERMISSIONS), "what it is allowed when it asks"),
        Key::new("use-legacy-mcp", &BOOLEAN, "whether it uses the older Bitbucket MCP server"),
    ],
};

/// When something runs.
pub(super) static CONDITION: Shape = Shape::Object(&CONDITION_MAP);

static CONDITION_MAP: Object = Object {
    id: ObjectId::Condition,
    name: "a condition",
    additional_properties: true,
    keys: &[
        Key::new("changesets", &Shape::Object(&CHANGESETS), "files that must, or must not, have changed"),
        Key::new("state", &non_empty_string_up_to(1000), "an expression that must hold"),
    ],
};

static CHANGESETS: Object = Object {
    id: ObjectId::Changesets,
    name: "`changesets`",
    additional_properties: false,
    keys: &[
        Key::new("includePaths", &NON_EMPTY_STRINGS, "runs if any changed file matches"),
        Key::new("excludePaths", &NON_EMPTY_STRINGS, "does not run if all changed files match"),
    ],
};

static ARTIFACTS: Shape = Shape::OneOf(
    "a list of paths, or a map with `upload`, `download` or `paths`",
    &[&NON_EMPTY_STRINGS, &Shape::Object(&ARTIFACTS_MAP)],
);

static ARTIFACTS_MAP: Object = Object {
    id: ObjectId::Artifacts,
    name: "`artifacts`",
    additional_properties: true,
    keys: &[
        Key::new("paths", &NON_EMPTY_STRINGS, "files handed to later steps"),
        Key::new(
            "download",
            &Shape::OneOf("`true`, `false` or a list of names", &[&BOOLEAN, &NON_EMPTY_STRINGS]),
            "which artifacts this step receives",
        ),
        Key::new("upload", &list(&UPLOAD, 1, usize::MAX), "named artifacts"),
    ],
};

static UPLOAD: Shape = Shape::OneOf("a map with `name` and `paths`", &[&Shape::Object(&UPLOAD_MAP), &STRING]);

static UPLOAD_MAP: Object = Object {
    id: ObjectId::Upload,
    name: "an upload",
    additional_properties: true,
    keys: &[
        Key::new("name", &STRING, "the artifact's name").required(),
        Key::new("paths", &NON_EMPTY_STRINGS, "its files").required(),
        Key::new("type", &string_enum(&["shared", "scoped", "test-reports"]), "who may read it; `shared` if unset"),
        Key::new("capture-on", &string_enum(&["success", "failed", "always"]), "when it is kept"),
        Key::new("depth", &integer_from(1), "how deep folders are searched"),
        Key::new("ignore-paths", &STRINGS, "files left out"),
    ],
};

static INPUT_VARIABLES: Shape = non_empty_map("a value", &STRING_OR_DOUBTFUL_NUMBER, 20);

/// Documented by Atlassian; the schema does not look at it.
pub(super) static ON_FAIL: Shape = Shape::Object(&ON_FAIL_MAP);

static ON_FAIL_MAP: Object = Object {
    id: ObjectId::OnFail,
    name: "`on-fail`",
    additional_properties: true,
    keys: &[
        Key::new("strategy", &string_enum(&["fail", "retry", "ignore"]), "fail, try again, or go on"),
        Key::new("maxRetryCount", &integer_up_to_doubtful(1, 10), "how often to try again")
            .doubt("known from secondary sources only"),
    ],
};

static AUTH: Object = Object {
    id: ObjectId::Auth,
    name: "`auth`",
    additional_properties: true,
    keys: &[Key::new("system", &Shape::Object(&AUTH_SYSTEM), "the token that Bitbucket gives the step")],
};

static AUTH_SYSTEM: Object = Object {
    id: ObjectId::AuthSystem,
    name: "`auth.system`",
    additional_properties: true,
    keys: &[Key::new("scopes", &STRINGS, "scopes added to the token")],
};
