//! The top of the file: `options`, `definitions`, `pipelines`, `triggers`.

use super::{
    pipelines::{CUSTOM_PIPELINE, PIPELINE},
    runtime::{CLONE, IMAGE, MAX_TIME, RUNS_ON, RUNTIME, SIZE},
    shape::{
        ANY, BOOLEAN, Key, LOOSE_TEXT, Object, ObjectId, SOME_TEXTS, Shape, TEXT, TEXTS, integer_from, list, names,
        some_names, words,
    },
    step::{AUDIENCES, SCRIPT},
};

/// The file itself.
pub static ROOT: Object = Object {
    id: ObjectId::Root,
    name: "the file",
    closed: false,
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
        Key::new("triggers", &names("a list of triggers", &TRIGGERS), "custom pipelines started by events"),
        Key::new("export", &BOOLEAN, "whether other repositories of the workspace may import this file's pipelines"),
        Key::new("labels", &names("a value", &ANY), "key-value data kept with the file"),
    ],
};

/// `options`: settings for all steps.
pub static OPTIONS: Object = Object {
    id: ObjectId::Options,
    name: "`options`",
    closed: false,
    keys: &[
        Key::new("docker", &BOOLEAN, "adds the docker service to every step"),
        Key::new("max-time", &MAX_TIME, "minutes after which a step is stopped"),
        Key::new("size", &SIZE, "CPU, memory and disk of every step"),
        Key::new("runtime", &RUNTIME, "the machine that steps run on"),
        Key::new("runs-on", &RUNS_ON, "labels of the self-hosted runner for every step"),
        Key::new(
            "oidc",
            &Shape::Either("a map with `audiences`", &[&Shape::Object(&AUDIENCES), &BOOLEAN]),
            "audiences that every step's OIDC token carries besides the workspace's",
        )
        .doubt("documented by Atlassian's blog, absent from the schema"),
    ],
};

/// `definitions`: what the pipelines refer to, and a usual home for anchors.
pub static DEFINITIONS: Object = Object {
    id: ObjectId::Definitions,
    name: "`definitions`",
    closed: false,
    keys: &[
        Key::new("services", &names("a service", &Shape::Object(&SERVICE)), "containers that run beside a step"),
        Key::new("caches", &names("a cache", &CACHE), "folders kept from one run to the next"),
        Key::new("pipelines", &names("a pipeline", &CUSTOM_PIPELINE), "pipelines that other repositories may import"),
        Key::new("imports", &names("an import source", &ANY), "files of other repositories to import pipelines from"),
        Key::new("agents", &names("an agent", &Shape::Object(&AGENT)), "agents that agent tasks name"),
        Key::new("steps", &ANY, "a usual home for anchored steps; Bitbucket itself does not read it"),
        Key::new("step-config", &ANY, "settings that a step inherits by `config`")
            .doubt("known from secondary sources only"),
    ],
};

static SERVICE: Object = Object {
    id: ObjectId::Service,
    name: "a service",
    closed: false,
    keys: &[
        Key::new("image", &IMAGE, "the Docker image of the service"),
        Key::new("memory", &integer_from(128), "its memory in megabytes; 1024 if unset"),
        Key::new("type", &words(&["docker"]), "`docker` for a Docker daemon of one's own"),
        Key::new(
            "variables",
            &some_names("a value", &LOOSE_TEXT, usize::MAX),
            "environment variables of the container",
        ),
    ],
};

static CACHE: Shape = Shape::Either("a path or a map with `key` and `path`", &[&TEXT, &Shape::Object(&FILE_CACHE)]);

static FILE_CACHE: Object = Object {
    id: ObjectId::Cache,
    name: "a cache",
    closed: false,
    keys: &[
        Key::new("path", &TEXT, "the folder to keep, absolute or below the clone").required(),
        Key::new("key", &Shape::Object(&CACHE_KEY), "what decides whether the cache still fits"),
    ],
};

static CACHE_KEY: Object = Object {
    id: ObjectId::CacheKey,
    name: "a cache's `key`",
    closed: false,
    keys: &[Key::new("files", &TEXTS, "files whose checksum makes the key").required()],
};

static AGENT: Object = Object {
    id: ObjectId::Agent,
    name: "an agent",
    closed: false,
    keys: &[
        Key::new("prompt", &TEXT, "what the agent is told").required(),
        Key::new("provider", &PROVIDER, "who runs it"),
        Key::new("config", &Shape::Object(&AGENT_CONFIG), "its configuration file and overrides"),
        Key::new("permissions", &Shape::Object(&PERMISSIONS), "what it is allowed when it asks"),
        Key::new("setup-script", &SCRIPT, "commands that run before it"),
        Key::new("use-legacy-mcp", &BOOLEAN, "whether it uses the older Bitbucket MCP server"),
    ],
};

pub(super) static PROVIDER: Shape = words(&["rovodev", "claude", "codex"]);

pub(super) static AGENT_CONFIG: Object = Object {
    id: ObjectId::AgentConfig,
    name: "an agent's `config`",
    closed: false,
    keys: &[
        Key::new("path", &TEXT, "a configuration file"),
        Key::new("overrides", &names("a value", &ANY), "settings that replace the file's"),
    ],
};

pub(super) static PERMISSIONS: Object = Object {
    id: ObjectId::AgentPermissions,
    name: "an agent's `permissions`",
    closed: false,
    keys: &[Key::new(
        "on-ask",
        &Shape::Either("`allow`, `deny` or a map of rules", &[&MODE, &Shape::Object(&ASK_RULES)]),
        "the answer when the agent asks",
    )],
};

static MODE: Shape = words(&["allow", "deny"]);

static ASK_RULES: Object = Object {
    id: ObjectId::AgentPermissionRules,
    name: "permission rules",
    closed: false,
    keys: &[
        Key::new("default", &MODE, "the answer where no rule fits"),
        Key::new("allow", &SOME_TEXTS, "what is allowed"),
        Key::new("deny", &SOME_TEXTS, "what is refused"),
    ],
};

/// `pipelines`: what runs, by what starts it.
pub static PIPELINES: Object = Object {
    id: ObjectId::Pipelines,
    name: "`pipelines`",
    closed: false,
    keys: &[
        Key::new("default", &PIPELINE, "runs on every push to a branch that no other pipeline names"),
        Key::new("branches", &names("a pipeline", &PIPELINE), "run on pushes to the branches that match a pattern"),
        Key::new("tags", &names("a pipeline", &PIPELINE), "run on pushes of the tags that match a pattern"),
        Key::new(
            "pull-requests",
            &names("a pipeline", &PIPELINE),
            "run on pull requests whose source branch matches a pattern",
        ),
        Key::new(
            "custom",
            &names("a pipeline", &CUSTOM_PIPELINE),
            "run by hand, on a schedule, by a trigger or by a parent step",
        ),
        Key::new(
            "bookmarks",
            &names("a pipeline", &PIPELINE),
            "run on Mercurial bookmarks, which Bitbucket no longer has",
        )
        .doubt("a leftover that the schema does not list"),
    ],
};

static TRIGGERS: Shape = list(&Shape::Object(&TRIGGER), 1, usize::MAX);

static TRIGGER: Object = Object {
    id: ObjectId::Trigger,
    name: "a trigger",
    closed: false,
    keys: &[
        Key::new("condition", &TEXT, "the expression that must hold").required(),
        Key::new("pipelines", &TEXTS, "names of the custom pipelines to start").required(),
    ],
};
