//! The functions, operators and variables of expressions, with their documentation for hover.

use crate::documentation;

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub signature: &'static str,
    /// What it does.
    pub documentation: &'static str,
    /// The least and the greatest number of arguments.
    pub(super) arguments: (usize, usize),
    /// `arguments` in words.
    pub(super) arguments_in_words: &'static str,
    /// Whether Atlassian documents how many arguments it takes.
    pub(super) confirmed: bool,
}

/// The functions. `glob` and its arguments are documented; of the other two the names are, their arguments are taken to
/// be one or more patterns.
pub static FUNCTIONS: [Function; 3] = [
    Function {
        name: "glob",
        signature: "glob(value, \"pattern\")",
        documentation: "Whether a variable's value matches a pattern. `*` matches anything but `/`, `**` anything, `?` one \
                        character, `{a,b}` either. Patterns are case-sensitive and in double quotes.",
        arguments: (2, 2),
        arguments_in_words: "2 arguments",
        confirmed: true,
    },
    Function {
        name: "changesetInclude",
        signature: "changesetInclude(\"pattern\", …)",
        documentation: "Whether a changed file matches one of the patterns.",
        arguments: (1, usize::MAX),
        arguments_in_words: "at least 1 argument",
        confirmed: false,
    },
    Function {
        name: "changesetExclude",
        signature: "changesetExclude(\"pattern\", …)",
        documentation: "Whether a changed file matches none of the patterns.",
        arguments: (1, usize::MAX),
        arguments_in_words: "at least 1 argument",
        confirmed: false,
    },
];

/// Operators with their documentation.
pub static OPERATORS: [(&str, &str); 9] = [
    ("==", "Equal."),
    ("!=", "Not equal."),
    ("<", "Less than."),
    ("<=", "Less than or equal."),
    (">", "Greater than."),
    (">=", "Greater than or equal."),
    ("&&", "Both are true. Binds tighter than `||`."),
    ("||", "One of them is true."),
    ("!", "Not. An expression that begins with `!` needs quotes in YAML, where it is a tag otherwise."),
];

/// What a variable of Bitbucket's can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Anything.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Number,
    /// A branch's or tag's short name (git-check-ref-format(1)), without `refs/heads/`.
    Reference,
    /// 40 hexadecimal digits.
    Commit,
    /// A UUID in braces.
    Uuid,
}

/// A variable that Bitbucket sets.
#[derive(Debug)]
pub struct Name {
    /// Its name.
    pub name: &'static str,
    /// What it can hold.
    pub values: Values,
    /// What it is.
    pub documentation: &'static str,
}

const fn name(name: &'static str, values: Values, documentation: &'static str) -> Name {
    Name { name, values, documentation: documentation::of(documentation) }
}

use Values::{Any, Boolean, Commit, Number, Reference, Uuid};

/// Bitbucket's documented variables (<https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>), sorted.
/// When each is set is in [`crate::facts::DEFAULTS`].
pub static NAMES: [Name; 45] = [
    name("BITBUCKET_BRANCH", Reference, "The branch that the pipeline runs on; not set in pipelines of tags."),
    name("BITBUCKET_BUILD_NUMBER", Number, "The number of the pipeline run, counted up for each repository."),
    name("BITBUCKET_CLONE_DIR", Any, "The absolute path of the clone."),
    name("BITBUCKET_COMMIT", Commit, "The hash of the commit that started the pipeline."),
    name("BITBUCKET_DEPLOYMENT_ENVIRONMENT", Any, "The name of the step's deployment environment."),
    name("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", Uuid, "The UUID of the step's deployment environment, in braces."),
    name("BITBUCKET_DOCKER_HOST_INTERNAL", Any, "The address of the Docker host, for containers that a step starts."),
    name("BITBUCKET_EXIT_CODE", Number, "The exit code of `script`; set in `after-script`."),
    name("BITBUCKET_GIT_HTTP_ORIGIN", Any, "The repository's HTTP address."),
    name("BITBUCKET_GIT_SSH_ORIGIN", Any, "The repository's SSH address."),
    name("BITBUCKET_PARALLEL_STEP", Number, "The step's index in its parallel group, from 0."),
    name("BITBUCKET_PARALLEL_STEP_COUNT", Number, "How many steps the parallel group has."),
    name("BITBUCKET_PIPELINES_VARIABLES_PATH", Any, "The file that output variables are written to."),
    name("BITBUCKET_PIPELINE_UUID", Uuid, "The UUID of the pipeline run, in braces."),
    name("BITBUCKET_PIPE_SHARED_STORAGE_DIR", Any, "A folder that all pipes of a pipeline run share."),
    name("BITBUCKET_PIPE_STORAGE_DIR", Any, "A folder that a pipe keeps between its runs in a pipeline."),
    name("BITBUCKET_PROJECT_KEY", Any, "The key of the repository's project."),
    name("BITBUCKET_PROJECT_UUID", Uuid, "The UUID of the repository's project, in braces."),
    name("BITBUCKET_PR_DESTINATION_BRANCH", Reference, "The branch that the pull request merges into."),
    name("BITBUCKET_PR_DESTINATION_COMMIT", Any, "The commit at the head of the destination branch."),
    name("BITBUCKET_PR_ID", Number, "The pull request's number."),
    name("BITBUCKET_REPO_FULL_NAME", Any, "The workspace and the repository's slug, joined by `/`."),
    name("BITBUCKET_REPO_IS_PRIVATE", Boolean, "Whether the repository is private."),
    name("BITBUCKET_REPO_OWNER", Any, "The workspace; prefer `BITBUCKET_WORKSPACE`."),
    name("BITBUCKET_REPO_OWNER_UUID", Uuid, "The UUID of the workspace, in braces."),
    name("BITBUCKET_REPO_SLUG", Any, "The repository's name in its URL."),
    name("BITBUCKET_REPO_UUID", Uuid, "The UUID of the repository, in braces."),
    name("BITBUCKET_SSH_KEY_FILE", Any, "The file with the repository's private SSH key."),
    name("BITBUCKET_STEP_OIDC_TOKEN", Any, "The step's OIDC token; set in steps with `oidc: true`."),
    name("BITBUCKET_STEP_RUN_NUMBER", Number, "How often the step has run, from 1."),
    name("BITBUCKET_STEP_TRIGGERER_UUID", Uuid, "The UUID of the user who started the step, in braces."),
    name("BITBUCKET_STEP_UUID", Uuid, "The UUID of the step, in braces."),
    name("BITBUCKET_TAG", Reference, "The tag that the pipeline runs on; set in pipelines of tags."),
    name(
        "BITBUCKET_TRIGGER_DEPLOYMENT_ENVIRONMENT_NAME",
        Any,
        "The environment of the deployment that fired the trigger.",
    ),
    name("BITBUCKET_TRIGGER_DEPLOYMENT_STATUS", Any, "The status of the deployment that fired the trigger."),
    name("BITBUCKET_TRIGGER_DEPLOYMENT_UUID", Uuid, "The UUID of the deployment that fired the trigger."),
    name("BITBUCKET_TRIGGER_PIPELINE_RUN_UUID", Uuid, "The UUID of the run that fired the trigger."),
    name(
        "BITBUCKET_TRIGGER_PIPELINE_SELECTOR_PATTERN",
        Any,
        "The selector pattern of the pipeline that fired the trigger.",
    ),
    name("BITBUCKET_TRIGGER_PIPELINE_SELECTOR_TYPE", Any, "The selector type of the pipeline that fired the trigger."),
    name("BITBUCKET_TRIGGER_PIPELINE_STATUS", Any, "The status of the pipeline that fired the trigger."),
    name("BITBUCKET_TRIGGER_PIPELINE_UUID", Uuid, "The UUID of the pipeline that fired the trigger."),
    name("BITBUCKET_TRIGGER_STEP_UUID", Uuid, "The UUID of the step that fired the trigger."),
    name("BITBUCKET_WORKSPACE", Any, "The workspace's ID, as in the repository's URL."),
    name("CI", Boolean, "`true` in every pipeline."),
    name("DOCKER_HOST", Any, "The address of the Docker daemon."),
];

/// A variable by its name.
pub(super) fn known_name(name: &str) -> Option<&'static Name> {
    NAMES.binary_search_by(|known| known.name.cmp(name)).ok().map(|index| &NAMES[index])
}

/// What a variable of Bitbucket's is, for hover and completion.
pub fn name_documentation(name: &str) -> Option<&'static str> {
    known_name(name).map(|known| known.documentation)
}

/// How a function is called and what it does.
pub fn function_documentation(name: &str) -> Option<(&'static str, &'static str)> {
    let function = FUNCTIONS.iter().find(|function| function.name == name)?;
    Some((function.signature, function.documentation))
}
