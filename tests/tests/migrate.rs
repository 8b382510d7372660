//! `keyless migrate` with Bitbucket and AWS: the tests' REST API and the emulator, both over real HTTP, and a real clone.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{fs, path::Path, process::Command, sync::LazyLock};

use keyless_tests::{
    aws::Api,
    bitbucket::{self, Bitbucket, Fault, MAIN, Settings, VALUE},
    checkout,
    cloud::ACCOUNT,
    emulator::{Authorisation, Emulator},
    run::{Finished, Workplace, finish},
    secrets, step,
};
use serde_json::{Value, json};

/// An account with the identity provider and a role, `bitbucket-shop-production`, for the production environment.
static AWS: LazyLock<Emulator> = LazyLock::new(|| {
    let aws = Emulator::start(Authorisation::Open);
    let provider = [("Url", step::ISSUER), ("ClientIDList.member.1", step::AUDIENCE)];
    Api::new(&aws.url()).query("iam", "CreateOpenIDConnectProvider", &provider).expect("the provider is new");
    create_role(&aws, "bitbucket-shop-production", step::ENVIRONMENT_UUID);
    create_role(&aws, "bitbucket-shop-cdn", CDN);
    create_role(&aws, "rejecting", STAGING);
    aws
});

const STAGING: &str = "{00000000-0000-4000-8000-00000000000a}";
const CDN: &str = "{00000000-0000-4000-8000-00000000000b}";
const ROLE: &str = "arn:aws:iam::000000000000:role/bitbucket-shop-production";
const FILE: &str = "bitbucket-pipelines.yml";

const PIPELINE: &str = "\
image: atlassian/default-image:5

pipelines:
  branches:
    main:
      - step:
          name: Upload  # nightly
          deployment: production
          script:
            - aws s3 sync dist s3://site.example.com
";

fn create_role(aws: &Emulator, name: &str, environment: &str) {
    let key = step::ISSUER.trim_start_matches("https://");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{key}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": { format!("{key}:aud"): step::AUDIENCE },
            "StringLike": { format!("{key}:sub"): format!("{}:{environment}:*", step::REPOSITORY_UUID) },
        },
    }]});
    let role = [("RoleName", name), ("AssumeRolePolicyDocument", &trust.to_string())];
    Api::new(&aws.url()).query("iam", "CreateRole", &role).expect("the role is new");
}

/// Twelve variables before the keys, so that these are on the second page of ten.
fn two_pages() -> Vec<&'static str> {
    let mut names =
        vec!["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "AWS_DEFAULT_REGION"];
    names.extend(["!AWS_ACCESS_KEY_ID", "!AWS_SECRET_ACCESS_KEY"]);
    names
}

fn settings() -> Settings {
    Settings {
        repository: two_pages(),
        environments: vec![("Staging", STAGING, vec![]), ("Production", step::ENVIRONMENT_UUID, vec![])],
        pipeline: Some(PIPELINE.to_owned()),
        page: 10,
        ..Settings::default()
    }
}

/// A clone with a commit of the pipeline.
fn clone_with(pipeline: &str) -> Workplace {
    let workplace = Workplace::empty();
    let clone = workplace.clone_folder();
    fs::write(clone.join(FILE), pipeline).expect("the scratch folder is writable");
    fs::write(clone.join("README.md"), "shop\n").expect("the scratch folder is writable");
    git(&clone, &["init", "-q", "-b", MAIN]);
    git(&clone, &["add", "."]);
    git(&clone, &["commit", "-q", "-m", "Start"]);
    workplace
}

const IDENTITY: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "dev"),
    ("GIT_AUTHOR_EMAIL", "dev@example.com"),
    ("GIT_COMMITTER_NAME", "dev"),
    ("GIT_COMMITTER_EMAIL", "dev@example.com"),
];

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).envs(IDENTITY).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn command(workplace: &Workplace, api: &Bitbucket, arguments: &[&str]) -> Command {
    let mut command = Command::new(checkout::binary("keyless"));
    command
        .current_dir(workplace.clone_folder())
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
        .envs(IDENTITY)
        .env("HOME", workplace.folder().join("home"))
        .env("BITBUCKET_API_URL", api.url())
        .env("BITBUCKET_ACCESS_TOKEN", bitbucket::TOKEN)
        .env("AWS_ENDPOINT_URL", AWS.url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "eu-west-1")
        .arg("migrate")
        .args(arguments);
    command
}

/// Runs a command, and searches its output and its workplace for secrets.
fn run(command: &mut Command) -> Finished {
    let finished = finish(command);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    let hidden = [bitbucket::TOKEN, bitbucket::READ_ONLY, bitbucket::PERSON.1, VALUE].map(str::to_owned);
    assert_eq!(secrets::in_text("migrate", said.as_bytes(), &hidden), [], "{said}");
    if let Some(folder) = command.get_current_dir() {
        assert_eq!(secrets::below(folder, &hidden), []);
    }
    finished
}

const SHOP: [&str; 2] = ["--repository", "acme/shop"];

fn apply(workplace: &Workplace, api: &Bitbucket, arguments: &[&str]) -> Finished {
    run(&mut command(workplace, api, &[&["apply"], &SHOP[..], arguments].concat()))
}

#[track_caller]
fn says(finished: &Finished, code: i32, parts: &[&str]) {
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.code, Some(code), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn a_connected_plan_knows_which_key_reaches_which_step() {
    let staging =
        "      - step:\n          name: Rehearse\n          deployment: staging\n          script: [aws s3 ls]\n";
    let no_keys = "      - step:\n          name: Report\n          script: [aws s3 ls]\n";
    let pipeline = format!("{PIPELINE}{staging}{no_keys}");
    let workplace = clone_with(&pipeline);
    let keys = vec!["!AWS_ACCESS_KEY_ID", "!AWS_SECRET_ACCESS_KEY"];
    let api = Bitbucket::start(Settings {
        workspace: vec!["!AWS_ACCESS_KEY_ID"],
        repository: vec!["A1", "A2", "!AWS_ACCESS_KEY_ID"],
        environments: vec![("Staging", STAGING, keys.clone()), ("Production", step::ENVIRONMENT_UUID, keys)],
        page: 2,
        ..settings()
    });
    let finished = run(&mut command(&workplace, &api, &SHOP));
    says(
        &finished,
        1,
        &[
            "line 10, safe: commands that take the keys from Bitbucket's settings",
            "AWS_ACCESS_KEY_ID (deployment environment production): used by Upload (production)",
            "AWS_ACCESS_KEY_ID (repository): used by Report; shadowed for Upload (production), which takes that of the deployment \
             environment production; Rehearse (staging), which takes that of the deployment environment staging",
            "AWS_ACCESS_KEY_ID (workspace): shadowed for",
            "line 17: Report needs AWS_SECRET_ACCESS_KEY",
            "AWS_ROLE_ARN (deployment environment production): the role for environment production",
            "AWS_ROLE_ARN (repository): the role for steps without an environment",
            "delete AWS_ACCESS_KEY_ID (workspace); other repositories may use it",
        ],
    );
    let finished = run(&mut command(&workplace, &api, &[&SHOP[..], &["--format", "markdown"]].concat()));
    says(&finished, 1, &["## Keys in Bitbucket's settings", "- `AWS_ROLE_ARN` (deployment environment staging)"]);
    let finished = run(&mut command(&workplace, &api, &[&SHOP[..], &["--format", "json"]].concat()));
    let report: Value = serde_json::from_str(&finished.stdout).expect("it prints JSON");
    assert_eq!(report[0]["settings"]["absent"][0]["names"], json!(["AWS_SECRET_ACCESS_KEY"]), "{report:#}");
    assert_eq!(
        report[0]["settings"]["keys"][0]["place"],
        json!({ "level": "environment", "environment": "production" })
    );
    assert_eq!(api.changes(), [""; 0]);
    assert!(api.asked().iter().any(|request| request.contains("page=2")), "{:?}", api.asked());
}

#[test]
fn the_repository_is_that_of_the_step_or_of_the_remote() {
    let (workplace, api) = (clone_with(PIPELINE), Bitbucket::start(settings()));
    let finished = run(&mut command(&workplace, &api, &["--connect"]));
    says(&finished, 2, &["no repository is given; use --repository WORKSPACE/NAME"]);
    git(&workplace.clone_folder(), &["remote", "add", "mirror", "https://example.com/acme/shop.git"]);
    git(&workplace.clone_folder(), &["remote", "add", "origin", "git@bitbucket.org:acme/shop.git"]);
    says(&run(&mut command(&workplace, &api, &["--connect"])), 1, &["AWS_ACCESS_KEY_ID (repository): used by Upload"]);
    let mut of_step = command(&workplace, &api, &["--connect"]);
    of_step.env("BITBUCKET_WORKSPACE", "acme").env("BITBUCKET_REPO_SLUG", "other");
    says(&run(&mut of_step), 2, &["cannot look up repository acme/other in Bitbucket: Bitbucket answered 404"]);
    let finished = run(&mut command(&workplace, &api, &["--connect", "--variables", "AWS_REGION"]));
    says(&finished, 2, &["cannot be used with"]);
}

/// A name, a token, an answer in place of Bitbucket's, and what is said.
type Case<'c> = (&'c str, Option<&'c str>, Option<Fault>, &'c [&'c str]);

#[test]
fn what_cannot_be_read_is_one_clear_message() {
    let workplace = clone_with(PIPELINE);
    let fault = |status, retry_after, body| Fault { on: "GET ", status, retry_after, body, after: false };
    let gone = r#"{"type": "error", "error": {"message": "Removed, see CHANGE-2770"}}"#;
    let cases: [Case<'_>; 6] = [
        ("no token", None, None, &["cannot look up acme/shop in Bitbucket: no credentials for Bitbucket are set"]),
        ("expired", Some("expired"), None, &["Bitbucket answered 401; create a new token"]),
        (
            "too few scopes",
            Some(bitbucket::WITHOUT_PIPELINES),
            None,
            &[
                "cannot look up the deployment environments of acme/shop",
                "`read:pipeline:bitbucket` (API token) or Pipelines: Read",
            ],
        ),
        (
            "gone",
            Some(bitbucket::TOKEN),
            Some(fault(410, None, gone)),
            &["Bitbucket answered 410: the endpoint was removed (CHANGE-2770); update keyless"],
        ),
        (
            "limited",
            Some(bitbucket::TOKEN),
            Some(fault(429, Some(3600), "")),
            &[
                "Bitbucket answered 429: the hourly limit of calls is reached; it asks to wait for 3600 s; run this again later",
            ],
        ),
        (
            "no API",
            Some(bitbucket::TOKEN),
            Some(fault(200, None, "<html>")),
            &["unexpected answer from Bitbucket's API"],
        ),
    ];
    for (case, token, fault, parts) in cases {
        for arguments in [&SHOP[..], &["apply", "--repository", "acme/shop", "--yes"]] {
            let api = Bitbucket::start(Settings { faults: fault.clone().into_iter().collect(), ..settings() });
            let mut command = command(&workplace, &api, arguments);
            match token {
                Some(token) => command.env("BITBUCKET_ACCESS_TOKEN", token),
                None => command.env_remove("BITBUCKET_ACCESS_TOKEN"),
            };
            let finished = run(&mut command);
            says(&finished, 2, parts);
            assert_eq!((finished.stdout.as_str(), finished.stderr.lines().count()), ("", 1), "{case}: {finished:?}");
            assert_eq!(api.changes(), [""; 0], "{case}");
        }
    }
    assert_eq!(git(&workplace.clone_folder(), &["branch", "--format=%(refname:short)"]), MAIN);
    assert!(!workplace.clone_folder().join(".keyless").exists());
}

#[test]
fn nothing_is_asked_about_a_file_that_cannot_be_migrated() {
    let broken = clone_with("pipelines:\n  default: [\n");
    let api = Bitbucket::start(settings());
    says(&apply(&broken, &api, &["--yes"]), 2, &["error: cannot migrate", "the file has a YAML error"]);
    says(&apply(&broken, &api, &["--role", "production=x"]), 2, &["invalid `--role production=x`"]);
    for wrong in [&["--stage", "deploy"][..], &["--branch", "a..b"], &["--destination", "main"], &["a.yml", "b.yml"]] {
        let finished = apply(&broken, &api, wrong);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{wrong:?}: {finished:?}");
    }
    assert_eq!(api.asked(), [""; 0]);
}

#[test]
fn short_limits_are_waited_for_and_failures_of_reads_repeated() {
    let workplace = clone_with(PIPELINE);
    let fault = |on, status, retry_after| Fault { on, status, retry_after, body: "", after: false };
    let api = Bitbucket::start(Settings {
        faults: vec![fault("/environments?", 429, Some(1)), fault("GET ", 500, None), fault("GET ", 503, None)],
        ..settings()
    });
    let finished = run(&mut command(&workplace, &api, &SHOP));
    says(
        &finished,
        1,
        &["note: Bitbucket answered 429: waiting for 1 s, as it asks", "AWS_ACCESS_KEY_ID (repository)"],
    );
    let api = Bitbucket::start(Settings { faults: vec![fault("GET ", 500, None); 3], ..settings() });
    says(&run(&mut command(&workplace, &api, &SHOP)), 2, &["Bitbucket answered 500; try again"]);
    assert_eq!(api.asked().len(), 3);
}

#[test]
fn the_token_of_a_repository_is_enough() {
    let (workplace, api) = (clone_with(PIPELINE), Bitbucket::start(settings()));
    let mut command = command(&workplace, &api, &SHOP);
    let finished = run(command.env("BITBUCKET_ACCESS_TOKEN", bitbucket::OF_REPOSITORY));
    let note = "note: the workspace's variables were not read: Bitbucket answered 403; use a token with access";
    says(&finished, 1, &[note, "AWS_ACCESS_KEY_ID (repository): used by Upload (production)"]);
}

const VARIABLES: [&str; 2] = ["--stage", "variables"];

#[test]
fn the_role_variable_is_created_once() {
    let (workplace, api) = (clone_with(PIPELINE), Bitbucket::start(settings()));
    let create = format!("+ create variable `AWS_ROLE_ARN` in the deployment environment production: {ROLE}");
    let dry = apply(&workplace, &api, &VARIABLES);
    says(&dry, 1, &["variables (variables in Bitbucket): open", &create, "Nothing was changed. Use --yes"]);
    assert_eq!(api.changes(), [""; 0]);
    assert!(!workplace.clone_folder().join(".keyless").exists());
    let made = apply(&workplace, &api, &["--stage", "variables", "--yes"]);
    says(&made, 0, &[&create, "To undo this stage:", "\"$BITBUCKET_ACCESS_TOKEN\" | curl -K - -f -X DELETE "]);
    let created: Vec<_> = api.variables().into_iter().filter(|variable| variable.key == "AWS_ROLE_ARN").collect();
    let [variable] = created.as_slice() else { panic!("{created:?}") };
    assert_eq!((variable.level.as_str(), variable.value.as_str()), (step::ENVIRONMENT_UUID, ROLE));
    assert!(!variable.secured);
    let again = apply(&workplace, &api, &["--stage", "variables", "--yes"]);
    says(&again, 0, &["variables (variables in Bitbucket): done", "✔ `AWS_ROLE_ARN`", "To undo this stage:"]);
    assert_eq!(api.changes().len(), 1, "{:?}", api.changes());
    let state =
        fs::read_to_string(workplace.clone_folder().join(".keyless/migration.json")).expect("there is a record");
    let state: Value = serde_json::from_str(&state).expect("the record is JSON");
    assert_eq!(state["roles"]["production"], ROLE, "{state:#}");
    assert_eq!(state["repository-uuid"], step::REPOSITORY_UUID);
    assert_eq!(git(&workplace.clone_folder(), &["status", "--porcelain"]), "");
    // The record is no more than that.
    fs::write(workplace.clone_folder().join(".keyless/migration.json"), "{").expect("the clone is writable");
    let finished = apply(&workplace, &api, &["--stage", "variables", "--yes"]);
    says(&finished, 0, &["note: `.keyless/migration.json` is not used: EOF", "): done"]);
    assert!(!finished.stdout.contains("To undo"), "{}", finished.stdout);
}

#[test]
fn a_variable_with_another_value_is_kept_unless_it_is_to_be_replaced() {
    let other = "arn:aws:iam::000000000000:role/rejecting";
    for (variable, said, replaced) in [
        ("AWS_ROLE_ARN=arn:aws:iam::000000000000:role/rejecting", format!("is {other}"), "PUT "),
        ("AWS_ROLE_ARN", "has another value".to_owned(), "PUT "),
        ("!AWS_ROLE_ARN", "is secured and cannot be read".to_owned(), "DELETE "),
    ] {
        let workplace = clone_with(PIPELINE);
        let environments = vec![("Production", step::ENVIRONMENT_UUID, vec![variable])];
        let api = Bitbucket::start(Settings { environments, ..settings() });
        let finished = apply(&workplace, &api, &["--yes"]);
        let said = format!("✖ `AWS_ROLE_ARN` in the deployment environment production {said}, not {ROLE}");
        says(&finished, 1, &[&said, "use `--role production=ARN` to keep its role, or use `--replace`"]);
        assert_eq!(api.changes(), [""; 0]);
        says(&apply(&workplace, &api, &["--stage", "variables", "--replace", "--yes"]), 0, &["To undo"]);
        assert!(api.changes()[0].starts_with(replaced), "{:?}", api.changes());
        let variables = api.variables();
        let found: Vec<_> = variables.iter().filter(|it| it.key == "AWS_ROLE_ARN").map(|it| &*it.value).collect();
        assert_eq!(found, [ROLE]);
    }
    // The rollback of a replaced value restores it.
    let workplace = clone_with(PIPELINE);
    let environments =
        vec![("Production", step::ENVIRONMENT_UUID, vec!["AWS_ROLE_ARN=arn:aws:iam::000000000000:role/rejecting"])];
    let api = Bitbucket::start(Settings { environments, ..settings() });
    let finished = apply(&workplace, &api, &["--stage", "variables", "--replace", "--yes"]);
    let rollback = finished.stdout.lines().find(|line| line.contains("curl")).expect("there is a rollback");
    let run = Command::new("bash").args(["-c", rollback]).env("BITBUCKET_ACCESS_TOKEN", bitbucket::TOKEN).output();
    assert!(run.expect("bash runs").status.success(), "{rollback}");
    assert!(api.variables().iter().any(|variable| variable.value == other), "{:?}", api.variables());
    let kept = format!("production={other}");
    says(&apply(&workplace, &api, &["--stage", "variables", "--role", &kept]), 0, &["): done"]);
}

#[test]
fn a_change_that_bitbucket_refuses_is_named() {
    let workplace = clone_with(PIPELINE);
    let api = Bitbucket::start(settings());
    let mut arguments = vec!["apply", "--yes"];
    arguments.extend(SHOP);
    let mut read_only = command(&workplace, &api, &arguments);
    let finished = run(read_only.env("BITBUCKET_ACCESS_TOKEN", bitbucket::READ_ONLY));
    let scope =
        "the token needs the scope `admin:pipeline:bitbucket` (API token) or Pipelines: Edit variables (access token)";
    says(&finished, 2, &["error: cannot create variable `AWS_ROLE_ARN`", scope]);
    assert!(!api.variables().iter().any(|variable| variable.key == "AWS_ROLE_ARN"));
    // Somebody else was faster.
    let duplicate = r#"{"error": {"message": "variable-service.variable.duplicate"}}"#;
    let fault = |status, body, after| Fault { on: "POST ", status, retry_after: None, body, after };
    let api = Bitbucket::start(Settings { faults: vec![fault(409, duplicate, false)], ..settings() });
    let finished = apply(&workplace, &api, &["--stage", "variables", "--yes"]);
    says(&finished, 2, &["Bitbucket answered 409: variable-service.variable.duplicate; look at it"]);
    // The answer is lost: a change is not repeated blindly, and the next run finds what was made.
    let api = Bitbucket::start(Settings { faults: vec![fault(502, "", true)], ..settings() });
    says(&apply(&workplace, &api, &["--stage", "variables", "--yes"]), 2, &["Bitbucket answered 502"]);
    says(&apply(&workplace, &api, &["--stage", "variables", "--yes"]), 0, &["): done", "To undo this stage"]);
    assert_eq!(api.changes().len(), 1, "{:?}", api.changes());
}

#[test]
fn an_environment_that_does_not_exist_is_named() {
    let workplace = clone_with(PIPELINE);
    let environments = vec![("Prod", step::ENVIRONMENT_UUID, vec![])];
    let api = Bitbucket::start(Settings { environments, ..settings() });
    says(&apply(&workplace, &api, &["--yes"]), 2, &["Bitbucket has no deployment environment `production`"]);
    assert_eq!(api.changes(), [""; 0]);
}

/// Settings after the stage `variables`.
fn with_role(role: &'static str) -> Settings {
    Settings { environments: vec![("Production", step::ENVIRONMENT_UUID, vec![role])], ..settings() }
}

#[test]
fn the_branch_waits_for_roles_that_accept_the_steps() {
    let workplace = clone_with(PIPELINE);
    let rejecting = "AWS_ROLE_ARN=arn:aws:iam::000000000000:role/rejecting";
    for (variable, role, verdict) in [
        (
            rejecting,
            "arn:aws:iam::000000000000:role/rejecting",
            "rejects its token: `sub`: the token belongs to another deployment environment",
        ),
        (
            "AWS_ROLE_ARN=arn:aws:iam::000000000000:role/nowhere",
            "arn:aws:iam::000000000000:role/nowhere",
            "does not exist",
        ),
        (
            "AWS_ROLE_ARN=arn:aws:iam::111111111111:role/there",
            "arn:aws:iam::111111111111:role/there",
            "is not in the account",
        ),
        ("!AWS_ROLE_ARN", "`AWS_ROLE_ARN` in the deployment environment production", "is secured and cannot be read"),
        ("A1", "`AWS_ROLE_ARN` is not set in the deployment environment production", "--stage variables"),
    ] {
        let api = Bitbucket::start(with_role(variable));
        let finished = apply(&workplace, &api, &["--stage", "verify"]);
        says(&finished, 1, &["verify (roles that accept the steps): cannot go on", role, verdict, "help: "]);
        let refused = apply(&workplace, &api, &["--stage", "branch", "--yes"]);
        says(&refused, 1, &["✖ 1 check of the roles fails", "`keyless migrate apply --stage verify`"]);
        assert_eq!(api.changes(), [""; 0]);
    }
    assert_eq!(git(&workplace.clone_folder(), &["branch", "--format=%(refname:short)"]), MAIN);
    let there = "AWS_ROLE_ARN=arn:aws:iam::111111111111:role/there";
    let api = Bitbucket::start(with_role(there));
    let accepted = ["--stage", "verify", "--verified-account", "111111111111"];
    says(
        &apply(&workplace, &api, &accepted),
        0,
        &["! Upload (production): arn:aws:iam::111111111111:role/there was verified"],
    );
    let api = Bitbucket::start(with_role("AWS_ROLE_ARN=arn:aws:iam::000000000000:role/bitbucket-shop-production"));
    let finished = apply(&workplace, &api, &["--stage", "verify"]);
    says(&finished, 0, &["): done", &format!("✔ Upload (production): {ROLE} accepts its token")]);
}

#[test]
fn the_edited_file_is_committed_beside_the_work_tree() {
    let workplace = clone_with(PIPELINE);
    let clone = workplace.clone_folder();
    let api = Bitbucket::start(with_role("AWS_ROLE_ARN=arn:aws:iam::000000000000:role/bitbucket-shop-production"));
    let branch = ["--stage", "branch", "--yes"];
    fs::write(clone.join("README.md"), "changed\n").expect("the clone is writable");
    let dirty = apply(&workplace, &api, &branch);
    says(&dirty, 1, &["✖ the work tree has uncommitted changes: `README.md`", "help: commit or stash them first"]);
    assert_eq!(git(&clone, &["branch", "--format=%(refname:short)"]), MAIN);
    git(&clone, &["checkout", "-q", "README.md"]);
    let head = git(&clone, &["rev-parse", "HEAD"]);
    says(&apply(&workplace, &api, &["--stage", "branch"]), 1, &["+ commit the edited", "Nothing was changed"]);
    says(&apply(&workplace, &api, &branch), 0, &["to branch `keyless/migrate`", "branch -D keyless/migrate"]);
    assert_eq!(git(&clone, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&clone, &["status", "--porcelain"]), "");
    assert_eq!(git(&clone, &["rev-parse", "keyless/migrate^"]), head);
    assert_eq!(git(&clone, &["diff", "--name-only", MAIN, "keyless/migrate"]), FILE);
    let edited = git(&clone, &["show", &format!("keyless/migrate:{FILE}")]);
    assert!(edited.contains("          oidc: true\n          name: Upload  # nightly\n"), "{edited}");
    let made = git(&clone, &["rev-parse", "keyless/migrate"]);
    says(&apply(&workplace, &api, &branch), 0, &["): done", "✔ branch `keyless/migrate` has the edited file"]);
    assert_eq!(git(&clone, &["rev-parse", "keyless/migrate"]), made);
    // On the branch itself nothing is left to do.
    git(&clone, &["checkout", "-q", "keyless/migrate"]);
    says(&apply(&workplace, &api, &["--yes"]), 0, &["uses no stored keys"]);
    git(&clone, &["checkout", "-q", MAIN]);
    git(&clone, &["branch", "-q", "other", MAIN]);
    git(&clone, &["checkout", "-q", "other"]);
    let checked_out = apply(&workplace, &api, &["--stage", "branch", "--branch", "other"]);
    says(&checked_out, 1, &["✖ branch `other` is checked out"]);
    fs::write(clone.join(FILE), format!("{PIPELINE}# other\n")).expect("the clone is writable");
    git(&clone, &["commit", "-q", "-a", "-m", "Change"]);
    let taken = apply(&workplace, &api, &branch);
    says(&taken, 1, &["✖ branch `keyless/migrate` exists, with another version", "use --branch NAME"]);
    assert_eq!(api.changes(), [""; 0]);
}

#[test]
fn a_pull_request_is_opened_once() {
    let workplace = clone_with(PIPELINE);
    let api = Bitbucket::start(with_role("AWS_ROLE_ARN=arn:aws:iam::000000000000:role/bitbucket-shop-production"));
    let request = ["--stage", "branch", "--pull-request", "--yes"];
    let finished = apply(&workplace, &api, &["--stage", "branch", "--pull-request"]);
    says(&finished, 1, &["in Bitbucket", "+ open a pull request from `keyless/migrate` to `main`"]);
    assert_eq!(api.changes(), [""; 0]);
    let finished = apply(&workplace, &api, &request);
    says(&finished, 0, &["+ open a pull request", "-X DELETE", "/pullrequests/1/decline"]);
    let edited = api.file("keyless/migrate", FILE).expect("there is a branch");
    assert!(edited.contains("oidc: true"), "{edited}");
    assert_eq!(api.file(MAIN, FILE).as_deref(), Some(PIPELINE));
    let [opened] = &*api.pull_requests() else { panic!("{:?}", api.pull_requests()) };
    assert_eq!((opened.source.as_str(), opened.destination.as_str()), ("keyless/migrate", MAIN));
    assert!(opened.description.contains("## Before the merge, in AWS"), "{}", opened.description);
    says(
        &apply(&workplace, &api, &request),
        0,
        &["✔ pull request https://bitbucket.org/acme/shop/pull-requests/1 is open"],
    );
    assert_eq!(api.changes().len(), 2, "{:?}", api.changes());
    assert_eq!(git(&workplace.clone_folder(), &["branch", "--format=%(refname:short)"]), MAIN);
    // A commit without its pull request is half of the stage.
    let fault = Fault {
        on: "POST /2.0/repositories/acme/shop/pullrequests",
        status: 502,
        retry_after: None,
        body: "",
        after: false,
    };
    let api = Bitbucket::start(Settings {
        faults: vec![fault],
        ..with_role("AWS_ROLE_ARN=arn:aws:iam::000000000000:role/bitbucket-shop-production")
    });
    says(
        &apply(&workplace, &api, &request),
        2,
        &["cannot open a pull request from `keyless/migrate` to `main` in Bitbucket"],
    );
    says(&apply(&workplace, &api, &request), 0, &["1 of 2 done", "+ open a pull request"]);
    let api = Bitbucket::start(with_role("AWS_ROLE_ARN=arn:aws:iam::000000000000:role/bitbucket-shop-production"));
    let mut read_only = command(&workplace, &api, &[&["apply"], &SHOP[..], &request].concat());
    let refused = run(read_only.env("BITBUCKET_ACCESS_TOKEN", bitbucket::READ_ONLY));
    says(&refused, 2, &["cannot commit the edited", "`write:repository:bitbucket` (API token) or Repositories: Write"]);
    let stale = clone_with(&format!("{PIPELINE}# not pushed\n"));
    let api = Bitbucket::start(with_role("AWS_ROLE_ARN=arn:aws:iam::000000000000:role/bitbucket-shop-production"));
    says(
        &apply(&stale, &api, &request),
        1,
        &["on branch `main` in Bitbucket is not the same as", "push or pull first"],
    );
    assert_eq!(api.changes(), [""; 0]);
}

#[test]
fn unsafe_uses_wait_for_a_decision() {
    let pipeline = PIPELINE.replace("aws s3 sync dist s3://site.example.com", "terraform apply -auto-approve");
    let workplace = clone_with(&pipeline);
    let api = Bitbucket::start(Settings { pipeline: Some(pipeline), ..settings() });
    let stopped = apply(&workplace, &api, &["--yes"]);
    says(
        &stopped,
        1,
        &["✖ 1 use of stored keys is left, unsafe or manual", "use --unsafe to edit the unsafe ones too"],
    );
    assert_eq!(api.changes(), [""; 0]);
    says(&apply(&workplace, &api, &["--yes", "--unsafe"]), 0, &["to branch `keyless/migrate`"]);
    says(&apply(&workplace, &api, &["--pipe", "x"]), 2, &["--pipe requires --with pipe"]);
}

#[test]
fn all_stages_run_in_their_order_and_a_second_time_nothing_is_left() {
    let (workplace, api) = (clone_with(PIPELINE), Bitbucket::start(settings()));
    let dry = apply(&workplace, &api, &[]);
    says(
        &dry,
        1,
        &[
            "permissions are not compared, because the access key of environment production is unknown",
            "verify: waits for variables",
            "branch: waits for variables and verify",
        ],
    );
    let made = apply(&workplace, &api, &["--yes"]);
    says(&made, 0, &["variables (", "verify (", "branch (", "git push -u origin keyless/migrate"]);
    let (changes, head) = (api.changes(), git(&workplace.clone_folder(), &["rev-parse", "keyless/migrate"]));
    let again = apply(&workplace, &api, &["--yes"]);
    says(&again, 0, &["✔"]);
    assert!(!again.stdout.contains("  + "), "{}", again.stdout);
    assert_eq!((api.changes(), git(&workplace.clone_folder(), &["rev-parse", "keyless/migrate"])), (changes, head));
    let mut without_aws = command(&workplace, &api, &["apply", "--repository", "acme/shop"]);
    without_aws.env_remove("AWS_ACCESS_KEY_ID");
    says(
        &run(&mut without_aws),
        2,
        &["cannot read the account in AWS: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"],
    );
}

/// The blocks of the guide that begin with a command and need Bitbucket and AWS. `SNAPSHOTS=overwrite` updates them.
#[test]
fn the_guide_shows_what_the_stages_print() {
    let page = checkout::root().join("docs/migrate.md");
    let guide = fs::read_to_string(&page).expect("the guide is readable");
    let pipeline =
        guide.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it has a pipeline");
    let workplace = clone_with(pipeline);
    let keys = || vec!["!AWS_ACCESS_KEY_ID", "!AWS_SECRET_ACCESS_KEY"];
    let api = Bitbucket::start(Settings {
        workspace: keys(),
        repository: vec!["AWS_DEFAULT_REGION", "DISTRIBUTION"],
        environments: vec![("Production", step::ENVIRONMENT_UUID, keys()), ("Cdn", CDN, vec![])],
        ..settings()
    });
    let keyless = checkout::binary("keyless");
    let path = format!(
        "{}:{}",
        keyless.parent().expect("it is in a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut actual = String::new();
    for (number, part) in guide.split("```text\n$ ").enumerate() {
        if number == 0 {
            actual.push_str(part);
            continue;
        }
        let (block, rest) = part.split_once("```").expect("a block ends");
        let line = block.lines().next().unwrap_or_default();
        let mut shell = command(&workplace, &api, &[]);
        let mut bash = Command::new("bash");
        bash.current_dir(workplace.clone_folder()).env_clear().args(["-c", line]);
        bash.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", &path);
        shell = bash;
        let finished = run(&mut shell);
        let status =
            finished.code.filter(|code| *code != 0).map(|code| format!("[exit status {code}]\n")).unwrap_or_default();
        let said = format!("{}{}{status}", finished.stdout, finished.stderr)
            .replace(&api.url(), "https://api.bitbucket.org/2.0")
            .replace(&workplace.clone_folder().display().to_string(), "/home/dev/shop")
            .replace(ACCOUNT, "123456789012");
        actual.extend(["```text\n$ ", line, "\n", &said, "```", rest]);
    }
    if std::env::var_os("SNAPSHOTS").is_some_and(|action| action == "overwrite") {
        fs::write(&page, &actual).expect("the guide is writable");
    }
    snapbox::assert_data_eq!(actual, snapbox::Data::read_from(&page, None).raw());
}
