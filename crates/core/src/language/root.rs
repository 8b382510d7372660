//! The top of the file: `options`, `definitions`, `pipelines`, `triggers`.

use super::{
    pipelines::{CUSTOM_PIPELINE, MERGE_QUEUES, PIPELINE},
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
        Key::new("image", &IMAGE, "default Docker image of all steps; `atlassian/default-image:latest` if not set"),
        Key::new("clone", &CLONE, "default clone settings of all steps"),
        Key::new("options", &Shape::Object(&OPTIONS), "settings for all steps of all pipelines"),
        Key::new("definitions", &Shape::Object(&DEFINITIONS), "services, caches and anchors used in the pipelines"),
        Key::new("pipelines", &Shape::Object(&PIPELINES), "the pipelines, grouped by the event that starts them"),
        Key::new("triggers", &map("a list of triggers", &TRIGGERS), "custom pipelines that events start"),
        Key::new("export", &BOOLEAN, "whether other repositories of the workspace may import this file's pipelines"),
        Key::new("labels", &map("a value", &ANY), "arbitrary key-value metadata"),
    ],
};

/// `options`: settings for all steps.
pub static OPTIONS: Object = Object {
    id: ObjectId::Options,
    name: "`options`",
    additional_properties: true,
    keys: &[
        Key::new("docker", &BOOLEAN, "whether to add the `docker` service to all steps"),
        Key::new("max-time", &MAX_TIME, "timeout of each step in minutes; 120 if not set"),
        Key::new("size", &SIZE, "CPU, memory and disk size of all steps"),
        Key::new("runtime", &RUNTIME, "execution environment of all steps"),
        Key::new("runs-on", &RUNS_ON, "labels of the self-hosted runner for all steps"),
        Key::new(
            "oidc",
            &Shape::OneOf("a mapping with `audiences`", &[&Shape::Object(&AUDIENCES), &BOOLEAN]),
            "additional audiences of the OIDC tokens of all steps",
        )
        .doubt("documented only in Atlassian's blog, not in the schema"),
    ],
};

/// `definitions`: what the pipelines refer to, and a common place for anchors.
pub static DEFINITIONS: Object = Object {
    id: ObjectId::Definitions,
    name: "`definitions`",
    additional_properties: true,
    keys: &[
        Key::new("services", &map("a service", &Shape::Object(&SERVICE)), "containers that run next to a step"),
        Key::new("caches", &map("a cache", &CACHE), "folders kept between runs"),
        Key::new("pipelines", &map("a pipeline", &CUSTOM_PIPELINE), "pipelines that other repositories can import"),
        Key::new(
            "imports",
            &map("an import source", &ANY),
            "files, also in other repositories, to import pipelines from",
        ),
        Key::new("agents", &map("an agent", &Shape::Object(&AGENT)), "agents for agent tasks"),
        Key::new("steps", &ANY, "common place for anchored steps; ignored by Bitbucket"),
        Key::new("step-config", &ANY, "settings that steps inherit with `config`").doubt("not documented by Atlassian"),
    ],
};

static SERVICE: Object = Object {
    id: ObjectId::Service,
    name: "a service",
    additional_properties: true,
    keys: &[
        Key::new("image", &IMAGE, "Docker image of the service"),
        Key::new("memory", &integer_from(128), "memory limit in megabytes; 1024 if not set"),
        Key::new("type", &string_enum(&["docker"]), "`docker` for a custom Docker daemon"),
        Key::new(
            "variables",
            &non_empty_map("a value", &STRING_OR_DOUBTFUL_NUMBER, usize::MAX),
            "environment variables of the container",
        ),
        Key::new(
            "environment",
            &non_empty_map("a value", &STRING_OR_DOUBTFUL_NUMBER, usize::MAX),
            "older spelling of `variables`",
        )
        .doubt("not in the schema"),
    ],
};

static CACHE: Shape =
    Shape::OneOf("a path, or a mapping with `key` and `path`", &[&STRING, &Shape::Object(&FILE_CACHE)]);

static FILE_CACHE: Object = Object {
    id: ObjectId::Cache,
    name: "a cache",
    additional_properties: true,
    keys: &[
        Key::new("path", &STRING, "folder to cache, absolute or relative to the clone directory").required(),
        Key::new("key", &Shape::Object(&CACHE_KEY), "what the cache key is computed from"),
    ],
};

static CACHE_KEY: Object = Object {
    id: ObjectId::CacheKey,
    name: "a cache `key`",
    additional_properties: true,
    keys: &[Key::new("files", &NON_EMPTY_STRINGS, "files whose checksum is the cache key").required()],
};

static AGENT: Object = Object {
    id: ObjectId::Agent,
    name: "an agent",
    additional_properties: true,
    keys: &[
        Key::new("prompt", &STRING, "instructions for the agent").required(),
        Key::new("provider", &PROVIDER, "AI provider that runs the agent"),
        Key::new("config", &Shape::Object(&AGENT_CONFIG), "configuration file and overrides"),
        Key::new("permissions", &Shape::Object(&PERMISSIONS), "answers to the agent's permission requests"),
        Key::new("setup-script", &SCRIPT, "commands that run before the agent"),
        Key::new("use-legacy-mcp", &BOOLEAN, "whether to use the older Bitbucket MCP server"),
    ],
};

pub(super) static PROVIDER: Shape = string_enum(&["rovodev", "claude", "codex"]);

pub(super) static AGENT_CONFIG: Object = Object {
    id: ObjectId::AgentConfig,
    name: "an agent `config`",
    additional_properties: true,
    keys: &[
        Key::new("path", &STRING, "path of the configuration file"),
        Key::new("overrides", &map("a value", &ANY), "settings that override the configuration file"),
    ],
};

pub(super) static PERMISSIONS: Object = Object {
    id: ObjectId::AgentPermissions,
    name: "an agent `permissions`",
    additional_properties: true,
    keys: &[Key::new(
        "on-ask",
        &Shape::OneOf("`allow`, `deny` or a mapping of rules", &[&MODE, &Shape::Object(&ASK_RULES)]),
        "the answer when the agent asks for permission",
    )],
};

static MODE: Shape = string_enum(&["allow", "deny"]);

static ASK_RULES: Object = Object {
    id: ObjectId::AgentPermissionRules,
    name: "`on-ask`",
    additional_properties: true,
    keys: &[
        Key::new("default", &MODE, "the answer if no rule matches"),
        Key::new("allow", &STRINGS, "permissions to allow"),
        Key::new("deny", &STRINGS, "permissions to deny"),
    ],
};

/// `pipelines`: the pipelines, grouped by the event that starts them.
pub static PIPELINES: Object = Object {
    id: ObjectId::Pipelines,
    name: "`pipelines`",
    additional_properties: true,
    keys: &[
        Key::new("default", &PIPELINE, "runs on every push to a branch that matches no pattern in `branches`"),
        Key::new("branches", &map("a pipeline", &PIPELINE), "run on pushes to branches that match a pattern"),
        Key::new("tags", &map("a pipeline", &PIPELINE), "run on pushes of tags that match a pattern"),
        Key::new(
            "pull-requests",
            &map("a pipeline", &PIPELINE),
            "run on pull requests whose source branch matches a pattern",
        ),
        Key::new("merge-queues", &MERGE_QUEUES, "run on pull requests in the merge queue of a matching branch")
            .doubt("beta, not in the schema"),
        Key::new(
            "custom",
            &map("a pipeline", &CUSTOM_PIPELINE),
            "run manually, on a schedule, by a trigger or from a parent step",
        ),
        Key::new(
            "bookmarks",
            &map("a pipeline", &PIPELINE),
            "run on Mercurial bookmarks, which Bitbucket no longer supports",
        )
        .doubt("obsolete, not in the schema"),
    ],
};

static TRIGGERS: Shape = list(&Shape::Object(&TRIGGER), 1, usize::MAX);

static TRIGGER: Object = Object {
    id: ObjectId::Trigger,
    name: "a trigger",
    additional_properties: true,
    keys: &[
        Key::new("condition", &STRING, "expression that must be true").required(),
        Key::new("pipelines", &NON_EMPTY_STRINGS, "names of the custom pipelines to start").required(),
    ],
};
