//! A whole migration: an account that authorises every call, Bitbucket's API, the strict STS and Git; and the deployments of the
//! pipeline before and after it.
#![allow(clippy::expect_used, clippy::panic)] // clippy knows functions with #[test] alone as tests

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    sync::LazyLock,
};

use keyless_tests::{
    aws::{Api, texts},
    bitbucket::{self, Bitbucket, Settings},
    cloud::ACCOUNT,
    emulator::{Authorisation, Emulator},
    iam_proxy::IamProxy,
    migration::{KeyedAccount, USER},
    run::{Finished, Workplace, finish},
    step,
    strict_sts::StrictSts,
    trail::Trail,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

static SHARED: LazyLock<KeyedAccount> = LazyLock::new(KeyedAccount::start);

const PIPELINE: &str = "\
image: node:22

pipelines:
  branches:
    main:
      - step:
          name: Deploy
          deployment: production
          script:
            - npx cdk deploy KeylessGreeting --require-approval never --context greeting=$GREETING
";

/// The repository before the migration: the key in the deployment environment, the rest elsewhere.
fn settings() -> Settings {
    Settings {
        workspace: vec!["SONAR_HOST"],
        repository: vec!["GREETING=hello", "AWS_REGION=eu-west-1"],
        environments: vec![
            ("Test", "{00000000-0000-4000-8000-00000000000a}", vec![]),
            ("Production", step::ENVIRONMENT_UUID, vec!["!AWS_ACCESS_KEY_ID", "!AWS_SECRET_ACCESS_KEY"]),
        ],
        page: 10,
        ..Settings::default()
    }
}

fn git(workplace: &Workplace, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(workplace.clone_folder()).env("HOME", workplace.folder().join("home")).args(arguments);
    let output = command.output().expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A clone of the repository.
fn clone(workplace: &Workplace, pipeline: &str) {
    let folder = workplace.clone_folder();
    fs::write(folder.join("bitbucket-pipelines.yml"), pipeline).expect("the scratch folder is writable");
    fs::write(folder.join(".gitignore"), "node_modules\ncdk.out\n").expect("the scratch folder is writable");
    git(workplace, &["init", "--quiet", "--initial-branch=main"]);
    git(workplace, &["config", "user.name", "Dev"]);
    git(workplace, &["config", "user.email", "dev@example.com"]);
    git(workplace, &["add", "--all"]);
    git(workplace, &["commit", "--quiet", "--message=Deploy"]);
}

/// `keyless migrate` as an administrator runs it.
struct Migration<'m> {
    account: &'m KeyedAccount,
    workplace: &'m Workplace,
    api: &'m Bitbucket,
}

impl Migration<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let all = [&["migrate"], arguments, &["--repository", "acme/shop"]].concat();
        self.account.keyless(self.workplace, &self.api.url(), bitbucket::TOKEN, &all)
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        finish(&mut self.command(arguments))
    }

    /// Runs it and kills it while it makes its second change, or lets it end.
    fn killed(&self, arguments: &[&str]) -> Option<i32> {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
        let output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        let change = |line: &String| line.starts_with("  + ");
        if output.lines().map_while(Result::ok).filter(change).nth(1).is_some() {
            let id = child.id().try_into().expect("process ids are small");
            kill_process(Pid::from_raw(id).expect("process ids are not zero"), Signal::KILL).expect("it runs");
        }
        child.wait().expect("a child can be waited for").code()
    }

    /// What the account has of the migration.
    fn roles(&self) -> BTreeMap<String, Value> {
        let iam = |action: &str, parameters: &[(&str, &str)]| {
            self.account.api().query("iam", action, parameters).unwrap_or_else(|error| panic!("{action}: {error}"))
        };
        let names = texts(&iam("ListRoles", &[]), "RoleName");
        let own = names.into_iter().filter(|name| name.starts_with("bitbucket-"));
        let role = |name: String| {
            let of = [("RoleName", &*name)];
            let attached = texts(&iam("ListAttachedRolePolicies", &of), "PolicyArn");
            let inline = texts(&iam("ListRolePolicies", &of), "member");
            let tags = texts(&iam("GetRole", &of), "Value");
            (name.clone(), json!({ "attached": attached, "inline": inline, "tags": tags }))
        };
        own.map(role).collect()
    }
}

#[test]
fn a_repository_is_migrated_and_its_key_retired() {
    let account = KeyedAccount::start();
    let (workplace, api) = (Workplace::empty(), Bitbucket::start(settings()));
    clone(&workplace, PIPELINE);
    let migration = Migration { account: &account, workplace: &workplace, api: &api };
    let key = format!("production={}", account.key.0);
    let apply = ["apply", "--unsafe", "--access-key", &key];

    let plan = migration.run(&apply);
    assert_eq!(plan.code, Some(1), "{plan:#?}");
    assert_eq!((migration.roles().len(), api.changes()), (0, Vec::new()), "a dry run changes nothing");

    // Killed in the middle of each stage, it goes on where it stopped.
    let mut kills = 0;
    while migration.killed(&[&apply[..], &["--yes"]].concat()).is_none() {
        kills += 1;
        assert!(kills < 20, "it makes no progress");
    }
    assert!(kills > 0);
    let done = migration.run(&[&apply[..], &["--yes"]].concat());
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.stdout.contains("aws iam delete-role --role-name bitbucket-shop-production"), "{done:#?}");
    let changes = api.changes();
    let again = migration.run(&[&apply[..], &["--yes"]].concat());
    assert_eq!((again.code, api.changes()), (Some(0), changes), "{again:#?}");
    let expected = json!({
        "attached": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "inline": ["deploy", "read"],
        "tags": ["shop"],
    });
    assert_eq!(migration.roles(), [("bitbucket-shop-production".to_owned(), expected)].into());

    // The role accepts the step of the migrated file, and the key stays for a revert.
    let migrated = git(&workplace, &["show", "keyless/migrate:bitbucket-pipelines.yml"]);
    assert!(migrated.contains("oidc: true") && migrated.contains("unset AWS_ACCESS_KEY_ID"), "{migrated}");
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/bitbucket-shop-production");
    let variables = api.variables();
    assert!(variables.iter().any(|it| it.key == "AWS_ROLE_ARN" && it.value == arn), "{variables:#?}");
    assert!(variables.iter().any(|it| it.key == "AWS_SECRET_ACCESS_KEY"), "{variables:#?}");
    let session = account.session(&arn).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(texts(&session, "AccessKeyId").len(), 1, "the step gets a session");

    retired(&migration);
}

/// An account that the pipeline deploys to. Roles are assumed with tokens where the migration creates them; all else is received
/// by an emulator that accepts any signature, behind a trail.
struct Deployed {
    emulator: Emulator,
    trail: Trail,
    sts: StrictSts,
}

impl Deployed {
    fn start(account: &KeyedAccount) -> Self {
        let emulator = Emulator::start(Authorisation::Open);
        let trail = Trail::start(&emulator.url());
        let sts = StrictSts::start(account.issuer.jwks(), &account.emulator.url(), trail.url());
        Self { emulator, trail, sts }
    }

    /// Runs a script of the repository as a step of its deployment would: by bash, which stops at the first failure, with the
    /// variables of Bitbucket's settings. Returns the names of the variables that the programs of Node were started with.
    fn step(&self, account: &KeyedAccount, workplace: &Workplace, api: &Bitbucket, script: &str) -> Vec<String> {
        let clone = workplace.clone_folder();
        let bin = workplace.folder().join("bin");
        let seen = workplace.folder().join("tmp/seen");
        fs::create_dir_all(&bin).expect("the scratch folder is writable");
        let _ = fs::remove_file(&seen);
        let path = std::env::var("PATH").unwrap_or_default();
        let node = std::env::split_paths(&path).map(|folder| folder.join("node")).find(|file| file.is_file());
        let node = node.expect("node is installed");
        let wrapper =
            format!("#!/bin/sh\nenv | sed -n 's/=.*//p' >>'{}'\nexec '{}' \"$@\"\n", seen.display(), node.display());
        fs::write(bin.join("node"), wrapper).expect("the scratch folder is writable");
        fs::set_permissions(bin.join("node"), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", script]).current_dir(&clone).stdin(Stdio::null()).env_clear();
        bash.env("PATH", format!("{}:{path}", bin.display())).envs(step::variables(&clone));
        bash.env("HOME", workplace.folder().join("home")).env("TMPDIR", workplace.folder().join("tmp"));
        bash.env("CDK_HOME", workplace.folder().join("home/.cdk")).env("AWS_EC2_METADATA_DISABLED", "true");
        bash.env("AWS_ENDPOINT_URL", self.trail.url()).env("AWS_ENDPOINT_URL_STS", self.sts.url());
        for variable in api.variables() {
            let value = match variable.key.as_str() {
                "AWS_ACCESS_KEY_ID" => account.key.0.clone(),
                "AWS_SECRET_ACCESS_KEY" => account.key.1.clone(),
                _ => variable.value,
            };
            bash.env(variable.key, value);
        }
        bash.env("BITBUCKET_STEP_OIDC_TOKEN", account.issuer.sign(&step::claims()));
        let finished = finish(&mut bash);
        assert_eq!(finished.code, Some(0), "{script}\n{finished:#?}");
        fs::read_to_string(seen).expect("node was started").lines().map(str::to_owned).collect()
    }

    /// The greeting that is deployed.
    fn greeting(&self) -> Option<String> {
        Api::new(&self.emulator.url()).parameter("/keyless/demo/greeting").ok()
    }
}

/// The script of the only step of a pipeline file.
fn script(pipeline: &str) -> String {
    let file: Value = serde_yaml::from_str(pipeline).expect("the file is YAML");
    let script = &file["pipelines"]["branches"]["main"][0]["step"]["script"];
    let lines = script.as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_pipeline_deploys_with_the_key_before_and_with_the_role_after() {
    let account = KeyedAccount::start();
    let (workplace, api) = (Workplace::with_demo_app(), Bitbucket::start(settings()));
    clone(&workplace, PIPELINE);
    let deployed = Deployed::start(&account);
    let migration = Migration { account: &account, workplace: &workplace, api: &api };
    let key = format!("production={}", account.key.0);
    let done = migration.run(&["apply", "--unsafe", "--access-key", &key, "--yes"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
    let migrated = git(&workplace, &["show", "keyless/migrate:bitbucket-pipelines.yml"]);
    let bootstrap = "npx cdk bootstrap aws://$AWS_ACCOUNT_ID/$AWS_REGION";
    deployed.step(&account, &workplace, &api, &format!("export AWS_ACCOUNT_ID={ACCOUNT}\n{bootstrap}"));
    deployed.trail.take();

    // Before the merge, and after a revert: the variables with the key are still there.
    let names = deployed.step(&account, &workplace, &api, &format!("GREETING=before\n{}", script(PIPELINE)));
    assert_eq!(deployed.greeting().as_deref(), Some("before"));
    assert!(names.iter().any(|name| name == "AWS_SECRET_ACCESS_KEY"), "{names:?}");
    let events = deployed.trail.take();
    assert!(events.iter().any(|event| event.access_key == account.key.0), "{events:#?}");

    let names = deployed.step(&account, &workplace, &api, &format!("GREETING=after\n{}", script(&migrated)));
    assert_eq!(deployed.greeting().as_deref(), Some("after"));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert!(!names.iter().any(|other| other == name), "{name} in {names:?}");
    }
    let events = deployed.trail.take();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/bitbucket-shop-production");
    assert!(events.iter().any(|event| event.service == "cloudformation"), "{events:#?}");
    let mut assumed = 0;
    for event in &events {
        let by = deployed.sts.role_of(&event.access_key);
        let is_own = by.as_deref().is_some_and(|by| by == role || by.contains(":role/cdk-"));
        assert!(is_own, "{event:?} by {by:?}");
        assumed += usize::from(event.action == "AssumeRole" && by.as_deref() == Some(&role));
    }
    assert!(assumed > 0, "the role of the step assumes those of the bootstrap stack: {events:#?}");
}

/// The second half, after the merge.
fn retired(migration: &Migration<'_>) {
    let Migration { account, workplace, api } = migration;
    let retire = ["retire", "--access-key", &account.key.0];
    let status = || {
        texts(&account.api().query("iam", "ListAccessKeys", &[("UserName", USER)]).expect("the user exists"), "Status")
    };

    let refused = migration.run(&[&retire[..], &["--yes"]].concat());
    assert_eq!((refused.code, status()), (Some(1), vec!["Active".to_owned()]), "{refused:#?}");
    assert!(refused.stdout.contains("bitbucket-pipelines.yml uses stored keys in 1 place"), "{refused:#?}");

    git(workplace, &["merge", "--quiet", "keyless/migrate"]);
    let plan = migration.run(&retire);
    assert_eq!((plan.code, status()), (Some(1), vec!["Active".to_owned()]), "{plan:#?}");
    let soaking = migration.run(&[&retire[..], &["--yes"]].concat());
    assert_eq!((soaking.code, status()), (Some(1), vec!["Inactive".to_owned()]), "{soaking:#?}");
    let command =
        format!("aws iam update-access-key --status Active --user-name {USER} --access-key-id {}", account.key.0);
    assert!(soaking.stdout.contains(&command), "{soaking:#?}");
    assert!(soaking.stdout.contains("its soak time ends at"), "{soaking:#?}");

    let end = [&retire[..], &["--soak", "0d", "--yes"]].concat();
    let _ = migration.killed(&end);
    let finished = migration.run(&end);
    assert_eq!((finished.code, status()), (Some(0), Vec::new()), "{finished:#?}");
    let names: Vec<String> = api.variables().into_iter().map(|variable| variable.key).collect();
    assert_eq!(names, ["SONAR_HOST", "GREETING", "AWS_REGION", "AWS_ROLE_ARN"]);
    let again = migration.run(&end);
    assert_eq!(again.code, Some(0), "{again:#?}");
}

/// Fails with one message and changes nothing.
fn refused(migration: &Migration<'_>, arguments: &[&str], code: i32, said: &[&str]) {
    let (roles, changes) = (migration.roles(), migration.api.changes());
    let finished = migration.run(arguments);
    let text = format!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.code, Some(code), "{text}");
    for said in said {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert_eq!((migration.roles(), migration.api.changes()), (roles, changes), "{text}");
}

#[test]
fn what_cannot_go_on_says_why_and_changes_nothing() {
    let (workplace, api) = (Workplace::empty(), Bitbucket::start(settings()));
    clone(&workplace, PIPELINE);
    let migration = Migration { account: &SHARED, workplace: &workplace, api: &api };
    let roles = ["apply", "--unsafe", "--stage", "roles", "--yes"];
    let with = |more: &[&'static str]| [&roles[..], more].concat();
    refused(
        &migration,
        &roles,
        1,
        &["the access key of environment production is unknown", "`--access-key production=AKIA…`"],
    );
    refused(
        &migration,
        &with(&["--access-key", "AKIAQOSFODNN7EXAMPLE"]),
        2,
        &["access key `AKIAQOSFODNN7EXAMPLE` belongs to account ", &format!("these credentials to account {ACCOUNT}")],
    );
    refused(
        &migration,
        &with(&["--access-key", "ASIAIOSFODNN7EXAMPLE"]),
        2,
        &["must be the id of a user's access key"],
    );
    refused(&migration, &with(&["--permissions", "most"]), 2, &["[possible values: same, minimal, full, read-only]"]);
    refused(
        &migration,
        &["retire", "--yes"],
        1,
        &["bitbucket-pipelines.yml uses stored keys in 1 place", "merge the migrated file first"],
    );
    refused(&migration, &["retire", "--soak", "soon"], 2, &["must be a number of days, hours or minutes"]);
    let mut command = migration.command(&with(&["--access-key", "AKIAQOSFODNN7EXAMPLE"]));
    let finished = finish(command.env_remove("AWS_SECRET_ACCESS_KEY"));
    assert_eq!(finished.code, Some(2), "{finished:#?}");
    assert!(finished.stderr.contains("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"), "{finished:#?}");
}

/// A user with the policies of a JSON document, and its key.
fn user(name: &str, policies: usize) -> String {
    let iam = |action: &str, parameters: &[(&str, &str)]| {
        SHARED.api().query("iam", action, parameters).unwrap_or_else(|error| panic!("{action}: {error}"))
    };
    iam("CreateUser", &[("UserName", name)]);
    for number in 0..policies {
        let statement =
            json!({ "Sid": "Same", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "x".repeat(2900) });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let policy = format!("{name}-{number}");
        iam("CreatePolicy", &[("PolicyName", &policy), ("PolicyDocument", &document)]);
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/{policy}");
        iam("AttachUserPolicy", &[("UserName", name), ("PolicyArn", &arn)]);
    }
    texts(&iam("CreateAccessKey", &[("UserName", name)]), "AccessKeyId").remove(0)
}

#[test]
fn policies_beyond_the_limits_of_a_role_are_merged_or_refused() {
    let (workplace, api) = (Workplace::empty(), Bitbucket::start(settings()));
    clone(&workplace, PIPELINE);
    let migration = Migration { account: &SHARED, workplace: &workplace, api: &api };
    let key = user("eighteen", 18);
    let arguments = ["apply", "--unsafe", "--stage", "roles", "--role-prefix", "many", "--access-key", &key];
    let merged = migration.run(&[&arguments[..], &["--yes"]].concat());
    assert_eq!(merged.code, Some(0), "{merged:#?}");
    let iam =
        |action: &str| SHARED.api().query("iam", action, &[("RoleName", "many-shop-production")]).expect("it exists");
    let attached = texts(&iam("ListAttachedRolePolicies"), "PolicyArn");
    assert!(attached.len() <= 10 && attached.iter().any(|arn| arn.ends_with("policy/many-eighteen-1")), "{attached:?}");
    assert!(merged.stdout.contains("aws iam delete-policy --policy-arn"), "{merged:#?}");
    let again = migration.run(&[&arguments[..], &["--yes"]].concat());
    assert_eq!(again.code, Some(0), "{again:#?}");
}

#[test]
fn a_role_of_another_make_is_left_alone() {
    let (workplace, api) = (Workplace::empty(), Bitbucket::start(settings()));
    clone(&workplace, PIPELINE);
    let migration = Migration { account: &SHARED, workplace: &workplace, api: &api };
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }] })
    .to_string();
    let role = [("RoleName", "bitbucket-other-shop-production"), ("AssumeRolePolicyDocument", &trust)];
    SHARED.api().query("iam", "CreateRole", &role).expect("the role is new");
    refused(
        &migration,
        &[
            "apply",
            "--unsafe",
            "--stage",
            "roles",
            "--yes",
            "--role-prefix",
            "bitbucket-other",
            "--access-key",
            &SHARED.key.0,
        ],
        1,
        &["role/bitbucket-other-shop-production exists with another trust policy", "--role-prefix"],
    );
}

#[test]
fn all_pages_are_read_and_a_key_in_use_is_not_retired() {
    let (workplace, api) = (Workplace::empty(), Bitbucket::start(settings()));
    clone(&workplace, "pipelines:\n  default:\n    - step:\n        script: [make]\n");
    let proxy = IamProxy::start(&SHARED.emulator.url());
    let migration = Migration { account: &SHARED, workplace: &workplace, api: &api };
    let key = user("paged", 5);
    let second = SHARED.api().query("iam", "CreateAccessKey", &[("UserName", "paged")]).expect("the user exists");
    let second = texts(&second, "AccessKeyId").remove(0);
    let run = |arguments: &[&str]| finish(migration.command(arguments).env("AWS_ENDPOINT_URL_IAM", proxy.url()));

    fs::write(workplace.clone_folder().join("bitbucket-pipelines.yml"), PIPELINE).expect("the folder is writable");
    let roles = ["apply", "--unsafe", "--stage", "roles", "--role-prefix", "paged", "--access-key", &second];
    let plan = run(&roles);
    assert_eq!(plan.stdout.matches("  + attach ").count(), 5, "{plan:#?}");
    assert!(proxy.actions().iter().filter(|action| *action == "ListAttachedUserPolicies").count() == 5);

    git(&workplace, &["checkout", "--quiet", "bitbucket-pipelines.yml"]);
    proxy.set_last_use(&step::timestamp(step::now() - 2 * 86_400));
    let status =
        || texts(&SHARED.api().query("iam", "ListAccessKeys", &[("UserName", "paged")]).expect("it exists"), "Status");
    let retire = ["retire", "--yes", "--access-key", &key, "--access-key", &second];
    let refused = run(&retire);
    assert_eq!((refused.code, status()), (Some(1), vec!["Active".to_owned(); 2]), "{refused:#?}");
    assert!(
        refused.stdout.contains(&format!("access key `{second}` of user `paged` was used within 7 d: last used at "))
    );
    let soaked = run(&[&retire[..], &["--soak", "36h"]].concat());
    assert_eq!((soaked.code, status()), (Some(1), vec!["Inactive".to_owned(); 2]), "{soaked:#?}");
    // Without the record nobody knows since when they are inactive.
    fs::remove_dir_all(workplace.clone_folder().join(".keyless")).expect("there is a record");
    let unknown = run(&[&retire[..], &["--soak", "1h"]].concat());
    assert_eq!((unknown.code, status().len()), (Some(1), 2), "{unknown:#?}");
    assert!(unknown.stdout.contains(&format!("start the soak time of access key `{key}`")), "{unknown:#?}");
}

#[test]
fn other_repositories_with_the_key_are_found() {
    let key = user("shared", 0);
    let other: &'static str = format!("AWS_ACCESS_KEY_ID={key}").leak();
    let others = vec![
        ("blog", vec![other]),
        ("wiki", vec!["!AWS_ACCESS_KEY_ID"]),
        ("docs", vec!["TOKEN", "AWS_ACCESS_KEY_ID=AKIAOTHER"]),
    ];
    let (workplace, api) = (Workplace::empty(), Bitbucket::start(Settings { others, page: 1, ..settings() }));
    clone(&workplace, "pipelines:\n  default:\n    - step:\n        script: [make]\n");
    let migration = Migration { account: &SHARED, workplace: &workplace, api: &api };
    let retire = ["retire", "--yes", "--access-key", &key];
    let refused = migration.run(&retire);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    for said in [
        format!("acme/blog uses access key `{key}` too, in `AWS_ACCESS_KEY_ID` of the repository variables"),
        "migrate that repository first".to_owned(),
        "acme/wiki has `AWS_ACCESS_KEY_ID` in the repository variables too, whose secured value may be the same key"
            .to_owned(),
    ] {
        assert!(refused.stdout.contains(&said), "{said}\n{}", refused.stdout);
    }
    assert!(!refused.stdout.contains("acme/docs"), "{}", refused.stdout);
    let keys = SHARED.api().query("iam", "ListAccessKeys", &[("UserName", "shared")]).expect("the user exists");
    assert_eq!(texts(&keys, "Status"), ["Active"]);

    // A repository's token sees no other repository, which stops nothing.
    let arguments = [&["migrate"], &retire[..], &["--repository", "acme/shop"]].concat();
    let alone = finish(&mut SHARED.keyless(&workplace, &api.url(), bitbucket::OF_REPOSITORY, &arguments));
    assert!(!alone.stdout.contains("acme/blog"), "{alone:#?}");
    let keys = SHARED.api().query("iam", "ListAccessKeys", &[("UserName", "shared")]).expect("the user exists");
    assert_eq!(texts(&keys, "Status"), ["Inactive"], "{alone:#?}");
}

#[test]
fn the_report_compares_before_and_after() {
    let (workplace, api) = (Workplace::empty(), Bitbucket::start(settings()));
    clone(&workplace, PIPELINE);
    let migration = Migration { account: &SHARED, workplace: &workplace, api: &api };
    let report = ["report", "--unsafe", "--access-key", &SHARED.key.0];
    let markdown = migration.run(&report);
    assert_eq!(markdown.code, Some(0), "{markdown:#?}");
    for said in [
        "# Stored AWS keys of acme/shop",
        "## Environment production",
        "| **Credential** | variable `AWS_ACCESS_KEY_ID` (deployment environment production)<br>",
        &format!("access key `{}` of user `{USER}`: active, never used", SHARED.key.0),
        "inline policy `read` of group `readers`",
        "create role `bitbucket-shop-production`, which accepts deployments of shop to production",
    ] {
        assert!(markdown.stdout.contains(said), "{said}\n{}", markdown.stdout);
    }
    let html = migration.run(&[&report[..], &["--format", "html"]].concat());
    assert!(html.stdout.starts_with("<!doctype html>") && html.stdout.ends_with("</html>\n"), "{html:#?}");
    let mut command = migration.command(&report);
    let without = finish(command.env_remove("AWS_ACCESS_KEY_ID"));
    assert_eq!(without.code, Some(0), "{without:#?}");
    assert!(without.stdout.contains("AWS was not read: "), "{without:#?}");
    assert!(api.changes().is_empty());
}
