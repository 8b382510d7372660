//! The commands of `docs/aws.md`, run in order by one shell against an emulator that evaluates trust policies. Then sessions
//! are requested from the role that they created.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::{env, fs, process::Command};

use keyless_tests::{
    aws::Api,
    checkout,
    cloud::ACCOUNT,
    emulator::{Authorisation, Emulator},
    token::Issuer,
};
use serde_json::json;

/// The page's `sh` blocks as one script; the blocks after a `<!-- file: … -->` line are written into `folder`.
fn script(page: &str, folder: &std::path::Path) -> String {
    let mut script = String::from("set -eux\n");
    let (mut file, mut block): (Option<String>, Option<(String, String)>) = (None, None);
    for line in page.lines() {
        block = match (block.take(), line.strip_prefix("```")) {
            (Some((language, text)), Some("")) => {
                if let Some(file) = file.take() {
                    fs::write(folder.join(file), text).unwrap();
                } else if language == "sh" {
                    script.push_str(&text);
                }
                None
            }
            (Some((language, text)), _) => Some((language, text + line + "\n")),
            (None, Some(language)) => Some((language.to_owned(), String::new())),
            (None, None) => {
                file = line.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->")).map(str::to_owned);
                None
            }
        };
    }
    script
}

#[test]
fn the_page_from_an_empty_account_to_a_green_deploy() {
    let installed =
        Command::new("tests/oracles/install.sh").arg("awscli").current_dir(checkout::root()).status().unwrap();
    assert!(installed.success(), "the AWS CLI cannot be installed");
    let keyless = checkout::binary("keyless");
    let scratch = checkout::scratch("aws-docs");
    let page = fs::read_to_string(checkout::root().join("docs/aws.md")).unwrap();
    fs::write(scratch.path().join("page.sh"), script(&page, scratch.path())).unwrap();
    std::os::unix::fs::symlink(checkout::root().join("demo/node_modules"), scratch.path().join("node_modules"))
        .unwrap();

    let judge = Emulator::start(Authorisation::Judged);
    let mut path = vec![keyless.parent().unwrap().to_owned(), checkout::root().join(".tools/oracles/awscli/bin")];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap()));
    let output = Command::new("sh")
        .arg("page.sh")
        .current_dir(scratch.path())
        .env_clear()
        .env("PATH", env::join_paths(path).unwrap())
        .env("HOME", scratch.path())
        .env("CDK_HOME", scratch.path())
        .env("AWS_ENDPOINT_URL", judge.url().replace("127.0.0.1", "localhost"))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("CI", "true")
        .env("CDK_DISABLE_CLI_TELEMETRY", "true")
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    for expected in ["allow: statement 1 allows", "deny: no statement allows", "role/bitbucket-web-production"] {
        assert!(said.contains(expected), "{expected} is missing in:\n{said}");
    }

    // The page's deployment gets a session; a step without `deployment:` does not.
    let api = Api::new(&judge.url());
    let role = format!("arn:aws:iam::{ACCOUNT}:role/bitbucket-web-production");
    let session = |subject: &str| {
        let token = Issuer::new().sign(&json!({
            "iss": "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            "aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1",
            "sub": subject,
        }));
        let parameters = [("RoleArn", role.as_str()), ("RoleSessionName", "docs"), ("WebIdentityToken", &token)];
        api.query("sts", "AssumeRoleWithWebIdentity", &parameters)
    };
    let repository = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
    let step = "{5e0c1d2b-3a49-4857-9665-748392a1b0c9}";
    assert!(session(&format!("{repository}:{{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}}:{step}")).is_ok());
    assert_eq!(session(&format!("{repository}:{step}")).unwrap_err().code, "AccessDenied");
}
