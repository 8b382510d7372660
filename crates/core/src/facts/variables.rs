//! Variables that exist without being set in the file or in Bitbucket's settings.

/// When Bitbucket sets one of its variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// In every step.
    Always,
    /// In pipelines of branches and pull requests; empty in a custom pipeline that was started from a commit
    /// (BCLOUD-17916).
    Branch,
    /// In pipelines of tags.
    Tag,
    /// In pipelines of pull requests.
    PullRequest,
    /// In steps of a parallel group.
    Parallel,
    /// In `after-script`.
    AfterScript,
    /// In steps with a `deployment`, set on the step or on its stage.
    Deployment,
    /// In steps with `oidc: true`.
    Oidc,
    /// In the containers of pipes.
    Pipe,
    /// In pipelines that `triggers` start.
    Trigger,
    /// Seen in builds, but not documented.
    Undocumented,
}

/// Bitbucket's default variables (<https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>), sorted.
pub const DEFAULTS: [(&str, Availability); 50] = {
    use Availability::{
        AfterScript, Always, Branch, Deployment, Oidc, Parallel, Pipe, PullRequest, Tag, Trigger, Undocumented,
    };
    [
        ("BITBUCKET_BOOKMARK", Undocumented),
        ("BITBUCKET_BRANCH", Branch),
        ("BITBUCKET_BUILD_NUMBER", Always),
        ("BITBUCKET_CLONE_DIR", Always),
        ("BITBUCKET_COMMIT", Always),
        ("BITBUCKET_DEPLOYMENT_ENVIRONMENT", Deployment),
        ("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", Deployment),
        ("BITBUCKET_DOCKER_HOST_INTERNAL", Always),
        ("BITBUCKET_EXIT_CODE", AfterScript),
        ("BITBUCKET_GIT_HTTP_ORIGIN", Always),
        ("BITBUCKET_GIT_SSH_ORIGIN", Always),
        ("BITBUCKET_MERGE_QUEUE_PR_IDS", Undocumented),
        ("BITBUCKET_PACKAGES_TOKEN", Undocumented),
        ("BITBUCKET_PACKAGES_USERNAME", Undocumented),
        ("BITBUCKET_PARALLEL_STEP", Parallel),
        ("BITBUCKET_PARALLEL_STEP_COUNT", Parallel),
        ("BITBUCKET_PIPELINES_VARIABLES_PATH", Always),
        ("BITBUCKET_PIPELINE_UUID", Always),
        ("BITBUCKET_PIPE_SHARED_STORAGE_DIR", Pipe),
        ("BITBUCKET_PIPE_STORAGE_DIR", Pipe),
        ("BITBUCKET_PROJECT_KEY", Always),
        ("BITBUCKET_PROJECT_UUID", Always),
        ("BITBUCKET_PR_DESTINATION_BRANCH", PullRequest),
        ("BITBUCKET_PR_DESTINATION_COMMIT", PullRequest),
        ("BITBUCKET_PR_ID", PullRequest),
        ("BITBUCKET_REPO_FULL_NAME", Always),
        ("BITBUCKET_REPO_IS_PRIVATE", Always),
        ("BITBUCKET_REPO_OWNER", Always),
        ("BITBUCKET_REPO_OWNER_UUID", Always),
        ("BITBUCKET_REPO_SLUG", Always),
        ("BITBUCKET_REPO_UUID", Always),
        ("BITBUCKET_SSH_KEY_FILE", Always),
        ("BITBUCKET_STEP_OIDC_TOKEN", Oidc),
        ("BITBUCKET_STEP_RUN_NUMBER", Always),
        ("BITBUCKET_STEP_TRIGGERER_UUID", Always),
        ("BITBUCKET_STEP_UUID", Always),
        ("BITBUCKET_TAG", Tag),
        ("BITBUCKET_TRIGGER_DEPLOYMENT_ENVIRONMENT_NAME", Trigger),
        ("BITBUCKET_TRIGGER_DEPLOYMENT_STATUS", Trigger),
        ("BITBUCKET_TRIGGER_DEPLOYMENT_UUID", Trigger),
        ("BITBUCKET_TRIGGER_PIPELINE_RUN_UUID", Trigger),
        ("BITBUCKET_TRIGGER_PIPELINE_SELECTOR_PATTERN", Trigger),
        ("BITBUCKET_TRIGGER_PIPELINE_SELECTOR_TYPE", Trigger),
        ("BITBUCKET_TRIGGER_PIPELINE_STATUS", Trigger),
        ("BITBUCKET_TRIGGER_PIPELINE_UUID", Trigger),
        ("BITBUCKET_TRIGGER_STEP_UUID", Trigger),
        ("BITBUCKET_WORKSPACE", Always),
        ("CI", Always),
        ("DOCKER_HOST", Undocumented),
        ("PIPELINES_JWT_TOKEN", Undocumented),
    ]
};

/// Variables of the shell and the operating system, and those that widely used images set, sorted.
const ELSEWHERE: [&str; 47] = [
    "BASH",
    "BASHPID",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_VERSION",
    "CARGO_HOME",
    "DEBIAN_FRONTEND",
    "DISPLAY",
    "DOTNET_VERSION",
    "EDITOR",
    "EUID",
    "FUNCNAME",
    "GEM_HOME",
    "GOPATH",
    "GOROOT",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "JAVA_HOME",
    "LANG",
    "LC_ALL",
    "LINENO",
    "LOGNAME",
    "MACHTYPE",
    "MAVEN_HOME",
    "NODE_VERSION",
    "NVM_DIR",
    "OLDPWD",
    "OPTARG",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PWD",
    "PYTHON_VERSION",
    "RANDOM",
    "REPLY",
    "RUSTUP_HOME",
    "SECONDS",
    "SHELL",
    "TERM",
    "TMPDIR",
    "UID",
    "USER",
    "npm_config_registry",
];

/// When Bitbucket sets a variable; `None` if it is not a default variable.
pub fn availability(name: &str) -> Option<Availability> {
    DEFAULTS.binary_search_by(|(known, _)| known.cmp(&name)).ok().map(|index| DEFAULTS[index].1)
}

/// Whether the shell, the operating system or a widely used image sets a variable.
pub fn is_from_elsewhere(name: &str) -> bool {
    ELSEWHERE.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(DEFAULTS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ELSEWHERE.is_sorted_by(|a, b| a < b));
        assert_eq!(availability("BITBUCKET_TAG"), Some(Availability::Tag));
        assert_eq!(availability("BITBUCKET_TAGS"), None);
    }
}
