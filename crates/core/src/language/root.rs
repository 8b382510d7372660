//! The top of the file: `options`, `definitions`, `pipelines`, `triggers`.

use super::{
    pipelines::{CUSTOM_PIPELINE, PIPELINE},
    runtime::{CLONE, IMAGE, MAX_TIME, RUNS_ON, RUNTIME, SIZE},
    shape::{
        ANY, BOOLEAN, Key, NON_EMPTY_STRINGS, Object, ObjectId, STRING, STRING_OR_DOUBTFUL_NUMBER, STRINGS, Shape,
        integer_from, list, map, non_empty_map, string_enum,
    },
    step::{AUDIENCES, SCRIPT},
};

/// The file itself.
pub static ROOT: Object = Object {
    id: ObjectId::Root,
    name: "the file",
    additional_properties: true,
    keys: &[
        Key::new(
            "image",
            &IMAGE,
            "the Docker image of every step that names none; `atlassian/default-image:latest` if unset",
        ),
        Key::new("clone", &CLONE, "how every step clones the repository"),
        Key::new("options", &Shape::Object(&OPTIONS), "settings for all steps of all pipelines"),
        Key::new("definitions", &Shape::Object(&DEFINITIONS), "services, caches and anchors that the pipelines use"),
        Key::new("pipelines", &Shape::Object(&PIPELINES), "what runs, by what starts it"),
        Key::new("triggers", &map("a list of triggers", &TRIGGERS), "custom pipelines started by events"),
        Key::new("export", &BOOLEAN, "whether other repositories of the workspace may import this file's pipelines"),
        Key::new("labels", &map("a value", &ANY), "key-value data kept with the file"),
    ],
};

/// `options`: settings for all steps.
pub static OPTIONS: Object = Object {
    id: ObjectId::Options,
    name: "`options`",
    additional_properties: true,
    keys: &[
        Key::new("docker", &BOOLEAN, "adds the docker service to every step"),
        Key::new("max-time", &MAX_TIME, "minutes after which a step is stopped"),
        Key::new("size", &SIZE, "CPU, memory and disk of every step"),
        Key::new("runtime", &RUNTIME, "the machine that steps run on"),
        Key::new("runs-on", &RUNS_ON, "labels of the self-hosted runner for every step"),
        Key::new(
            "oidc",
            &Shape::OneOf("a map with `audiences`", &[&Shape::Object(&AUDIENCES), &BOOLEAN]),
            "audiences that every step's OIDC token carries besides the workspace's",
        )
        .doubt("documented by Atlassian's blog, absent from the schema"),
    ],
};

/// `definitions`: what the pipelines refer to, and a usual home for anchors.
pub static DEFINITIONS: Object = Object {
    id: ObjectId::Definitions,
    name: "`definitions`",
    additional_properties: true,
    keys: &[
        Key::new("services", &map("a service", &Shape::Object(&SERVICE)), "containers that run beside a step"),
        Key::new("caches", &map("a cache", &CACHE), "folders kept from one run to the next"),
        Key::new("pipelines", &map("a pipeline", &CUSTOM_PIPELINE), "pipelines that other repositories may import"),
        Key::new("imports", &map("an import source", &ANY), "files of other repositories to import pipelines from"),
        Key::new("agents", &map("an agent", &Shape::Object(&AGENT)), "agents that agent tasks name"),
        Key::new("steps", &ANY, "a usual home for anchored steps; Bitbucket itself does not read it"),
        Key::new("step-config", &ANY, "settings that a step inherits by `config`")
            .doubt("known from secondary sources only"),
    ],
};

static SERVICE: Object = Object {
    id: ObjectId::Service,
    name: "a service",
    additional_properties: true,
    keys: &[
        Key::new("image", &IMAGE, "the Docker image of the service"),
        Key::new("memory", &integer_from(128), "its memory in megabytes; 1024 if unset"),
        Key::new("type", &string_enum(&["docker"]), "`docker` for a Docker daemon of one's own"),
        Key::new(
            "variables",
            &non_empty_map("a value", &STRING_OR_DOUBTFUL_NUMBER, usize::MAX),
            "environment variables of the container",
        ),
    ],
};

static CACHE: Shape = Shape::OneOf("a path or a map with `key` and `path`", &[&STRING, &Shape::Object(&FILE_CACHE)]);

static FILE_CACHE: Object = Object {
    id: ObjectId::Cache,
    name: "a cache",
    additional_properties: true,
    keys: &[
        Key::new("path", &STRING, "the folder to keep, absolute or below the clone").required(),
        Key::new("key", &Shape::Object(&CACHE_KEY), "what decides whether the cache still fits"),
    ],
};

static CACHE_KEY: Object = Object {
    id: ObjectId::CacheKey,
    name: "a cache's `key`",
    additional_properties: true,
    keys: &[Key::new("files", &NON_EMPTY_STRINGS, "files whose checksum makes the key").required()],
};

static AGENT: Object = Object {
    id: ObjectId::Agent,
    name: "an agent",
    additional_properties: true,
    keys: &[
        Key::new("prompt", &STRING, "what the agent is told").required(),
        Key::new("provider", &PROVIDER, "who runs it"),
        Key::new("config", &Shape::Object(&AGENT_CONFIG), "its configuration file and overrides"),
        Key::new("permissions", &Shape::Object(&PERMISSIONS), "what it is allowed when it asks"),
        Key::new("setup-script", &SCRIPT, "commands that run before it"),
        Key::new("use-legacy-mcp", &BOOLEAN, "whether it uses the older Bitbucket MCP server"),
    ],
};

pub(super) static PROVIDER: Shape = string_enum(&["rovodev", "claude", "codex"]);

pub(super) static AGENT_CONFIG: Object = Object {
    id: ObjectId::AgentConfig,
    name: "an agent's `config`",
    additional_properties: true,
    keys: &[
        Key::new("path", &STRING, "a configuration file"),
        Key::new("overrides", &map("a value", &ANY), "settings that replace the file's"),
    ],
};

pub(super) static PERMISSIONS: Object = Object {
    id: ObjectId::AgentPermissions,
    name: "an agent's `permissions`",
    additional_properties: true,
    keys: &[Key::new(
        "on-ask",
        &Shape::OneOf("`allow`, `deny` or a map of rules", &[&MODE, &Shape::Object(&ASK_RULES)]),
        "the answer when the agent asks",
    )],
};

static MODE: Shape = string_enum(&["allow", "deny"]);

static ASK_RULES: Object = Object {
    id: ObjectId::AgentPermissionRules,
    name: "permission rules",
    additional_properties: true,
    keys: &[
        Key::new("default", &MODE, "the answer where no rule fits"),
        Key::new("allow", &STRINGS, "what is allowed"),
        Key::new("deny", &STRINGS, "what is refused"),
    ],
};

/// `pipelines`: what runs, by what starts it.
pub static PIPELINES: Object = Object {
    id: ObjectId::Pipelines,
    name: "`pipelines`",
    additional_properties: true,
    keys: &[
        Key::new("default", &PIPELINE, "runs on every push to a branch that no other pipeline names"),
        Key::new("branches", &map("a pipeline", &PIPELINE), "run on pushes to the branches that match a pattern"),
        Key::new("tags", &map("a pipeline", &PIPELINE), "run on pushes of the tags that match a pattern"),
        Key::new(
            "pull-requests",
            &map("a pipeline", &PIPELINE),
            "run on pull requests whose source branch matches a pattern",
        ),
        Key::new(
            "custom",
            &map("a pipeline", &CUSTOM_PIPELINE),
            "run by hand, on a schedule, by a trigger or by a parent step",
        ),
        Key::new(
            "bookmarks",
            &map("a pipeline", &PIPELINE),
            "run on Mercurial bookmarks, which Bitbucket no longer has",
        )
        .doubt("a leftover that the schema does not list"),
    ],
};

static TRIGGERS: Shape = list(&Shape::Object(&TRIGGER), 1, usize::MAX);

static TRIGGER: Object = Object {
    id: ObjectId::Trigger,
    name: "a trigger",
    additional_properties: true,
    keys: &[
        Key::new("condition", &STRING, "the expression that must hold").required(),
        Key::new("pipelines", &NON_EMPTY_STRINGS, "names of the custom pipelines to start").required(),
    ],
};
