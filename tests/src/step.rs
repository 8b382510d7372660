//! The step that the tests and the demo simulate: its identifiers, and the variables that Bitbucket gives it.

use std::{
    path::Path,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

/// The workspace's slug.
pub const WORKSPACE: &str = "acme";
/// Its issuer.
pub const ISSUER: &str = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
/// Its default audience.
pub const AUDIENCE: &str = "ari:cloud:bitbucket::workspace/5f3a0b7c-2f53-4d0e-9d2c-6f1f5a3a9e10";
/// Its UUID.
pub const WORKSPACE_UUID: &str = "{5f3a0b7c-2f53-4d0e-9d2c-6f1f5a3a9e10}";
/// The repository.
pub const REPOSITORY_UUID: &str = "{8c1b5f52-7a4e-4f0a-8a39-0d9a1b7c2e44}";
/// The deployment environment.
pub const ENVIRONMENT_UUID: &str = "{e2d6a8f0-93b1-4c55-b7a7-1f0c5d8e6b21}";
/// The step.
pub const STEP_UUID: &str = "{1d7e9a34-5c0b-4b8e-9f66-2a4c8e0d7f93}";
/// The pipeline.
pub const PIPELINE_UUID: &str = "{b4f0c2d8-6e1a-4d37-a5c9-7e3b9f1d0a58}";

/// The claims of the step's token, which is valid for an hour from now.
pub fn claims() -> Value {
    let now = now();
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": format!("{REPOSITORY_UUID}:{ENVIRONMENT_UUID}:{STEP_UUID}"),
        "exp": now + 3600,
        "iat": now,
        "branchName": "main",
        "workspaceUuid": WORKSPACE_UUID,
        "repositoryUuid": REPOSITORY_UUID,
        "deploymentEnvironmentUuid": ENVIRONMENT_UUID,
        "pipelineUuid": PIPELINE_UUID,
        "stepUuid": STEP_UUID,
    })
}

/// The Unix time, in seconds.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A Unix time as AWS writes it: `2026-11-24T16:42:00Z`.
///
/// # Panics
/// When `date` is missing.
pub fn timestamp(seconds: u64) -> String {
    let date = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ", "-d"]).arg(format!("@{seconds}")).output();
    String::from_utf8_lossy(&date.expect("there is `date`").stdout).trim().to_owned()
}

/// The variables that Bitbucket gives the step, except the token.
pub fn variables(clone: &Path) -> Vec<(&'static str, String)> {
    let text = str::to_owned;
    vec![
        ("CI", text("true")),
        ("BITBUCKET_BUILD_NUMBER", text("42")),
        ("BITBUCKET_BRANCH", text("main")),
        ("BITBUCKET_CLONE_DIR", clone.display().to_string()),
        ("BITBUCKET_COMMIT", text("0123456789abcdef0123456789abcdef01234567")),
        ("BITBUCKET_DEPLOYMENT_ENVIRONMENT", text("production")),
        ("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", text(ENVIRONMENT_UUID)),
        ("BITBUCKET_PIPELINE_UUID", text(PIPELINE_UUID)),
        ("BITBUCKET_REPO_FULL_NAME", text("acme/shop")),
        ("BITBUCKET_REPO_SLUG", text("shop")),
        ("BITBUCKET_REPO_UUID", text(REPOSITORY_UUID)),
        ("BITBUCKET_STEP_UUID", text(STEP_UUID)),
        ("BITBUCKET_WORKSPACE", text(WORKSPACE)),
    ]
}
