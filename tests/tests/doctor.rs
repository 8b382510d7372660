//! `keyless doctor` against the emulator and the tests' Bitbucket, both over real HTTP.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{fs, process::Command, sync::LazyLock, time::Duration};

use keyless_tests::{
    bitbucket::{self, Bitbucket, Settings},
    checkout,
    cloud::{ACCOUNT, Cloud, ROLE},
    run::{Finished, Workplace, finish},
    secrets, step,
    strict_sts::Fault,
};
use serde_json::{Value, json};
use snapbox::assert_data_eq;

static CLOUD: LazyLock<Cloud> = LazyLock::new(|| {
    let cloud = Cloud::start();
    let version = json!({ "Name": "/cdk-bootstrap/hnb659fds/version", "Value": "28", "Type": "String" });
    cloud.api().json("ssm", "AmazonSSM.PutParameter", &version).expect("the parameter is new");
    let old = json!({ "Name": "/cdk-bootstrap/old/version", "Value": "5", "Type": "String" });
    cloud.api().json("ssm", "AmazonSSM.PutParameter", &old).expect("the parameter is new");
    cloud
});

const PIPELINE: &str = "\
image: node:22

pipelines:
  branches:
    main:
      - step:
          name: deploy
          deployment: production
          oidc: true
          script:
            - pipe: docker://keyless/pipe:0.1.0
              variables:
                AWS_ROLE_ARN: $AWS_ROLE_ARN
                AWS_REGION: $AWS_REGION
";

/// Settings with which every check passes.
fn good() -> Settings {
    Settings {
        workspace: vec!["SONAR_HOST", "AWS_REGION"],
        repository: vec!["!NPM_TOKEN"],
        environments: vec![
            ("Test", "{00000000-0000-4000-8000-00000000000a}", vec![]),
            ("Production", step::ENVIRONMENT_UUID, vec!["AWS_ROLE_ARN"]),
        ],
        ..Settings::default()
    }
}

/// The doctor on a developer's machine: no variables of a step, keys of the account.
fn locally(workplace: &Workplace, arguments: &[&str]) -> Command {
    let mut command = workplace.step(&CLOUD, "keyless");
    for (name, _) in step::variables(&workplace.clone_folder()) {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL_IAM", CLOUD.judge.url())
        .env("AWS_ENDPOINT_URL_STS", CLOUD.deployed.url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("BITBUCKET_ACCESS_TOKEN", bitbucket::TOKEN)
        .arg("doctor")
        .args(arguments);
    command
}

fn with_pipeline(text: &str) -> Workplace {
    let workplace = Workplace::empty();
    fs::write(workplace.clone_folder().join("bitbucket-pipelines.yml"), text).expect("the scratch folder is writable");
    workplace
}

/// Compares the output, and searches it for secrets.
fn check(case: &str, finished: &Finished, replaced: &[(&str, &str)]) {
    let mut said = format!("{}{}[exit status {:?}]\n", finished.stdout, finished.stderr, finished.code.unwrap_or(-1));
    let hidden = [bitbucket::TOKEN, bitbucket::PERSON.1, bitbucket::VALUE].map(str::to_owned);
    assert_eq!(secrets::in_text(case, said.as_bytes(), &hidden), []);
    for (found, word) in replaced {
        said = said.replace(found, word);
    }
    assert_data_eq!(without_request_ids(&said), checkout::expected(&format!("doctor/{case}.txt")));
}

/// Replaces AWS's request ids, which differ in every response.
fn without_request_ids(said: &str) -> String {
    let mut parts = said.split("(request ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .fold(first, |said, part| said + "(request <id>" + part.split_once(')').map_or("", |(id, _)| &part[id.len()..]))
}

const SHOP: [&str; 4] = ["--repository", "acme/shop", "--environment", "production"];

#[test]
fn everything_passes_locally() {
    let (workplace, api) = (with_pipeline(PIPELINE), Bitbucket::start(good()));
    let finished = finish(locally(&workplace, &SHOP).env("BITBUCKET_API_URL", api.url()));
    check("passes", &finished, &[]);
    assert!(api.asked().iter().all(|request| request.starts_with("GET ")), "{:?}", api.asked());
}

#[test]
fn a_wrong_command_line_is_not_a_failed_check() {
    let workplace = with_pipeline(PIPELINE);
    for wrong in [&["--environmnet"][..], &["--pipeline"], &["--pipeline", ""], &["--repository", "acme/../x"], &["x"]]
    {
        let finished = finish(&mut locally(&workplace, wrong));
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{wrong:?}: {finished:#?}");
    }
}

#[test]
fn everything_that_is_wrong_is_named_with_its_fix() {
    let deploy_anywhere = PIPELINE.replace("          deployment: production\n", "");
    let pipeline = format!(
        "{PIPELINE}    next:\n      - step:\n          name: stage\n          deployment: staging\n          script:\n            \
         - npx cdk@2.1148.1 deploy\n{}",
        deploy_anywhere.split_once("    main:\n").map(|(_, steps)| format!("    other:\n{steps}")).unwrap_or_default()
    );
    let workplace = with_pipeline(&pipeline);
    let settings = Settings {
        workspace: vec!["AWS_ACCESS_KEY_ID", "!AWS_SECRET_ACCESS_KEY"],
        environments: vec![("production", step::ENVIRONMENT_UUID, vec![])],
        ..Settings::default()
    };
    let api = Bitbucket::start(settings);
    let mut command = locally(&workplace, &["--repository", "acme/shop", "--qualifier", "other"]);
    check("finds", &finish(command.env("BITBUCKET_API_URL", api.url())), &[]);
    // The emulator that receives the deployments has neither the provider nor the role.
    let mut command = locally(&workplace, &["--repository", "acme/shop", "--qualifier", "old"]);
    command.env("AWS_ENDPOINT_URL_IAM", CLOUD.deployed.url()).env_remove("BITBUCKET_ACCESS_TOKEN");
    check("finds-an-empty-account", &finish(&mut command), &[]);
    let mut command = locally(&workplace, &[]);
    command.env("AWS_REGION", "eu-west-1a").env("AWS_ROLE_ARN", "arn:aws:iam::1:role/x");
    check("finds-misspelt-names", &finish(&mut command), &[]);
}

#[test]
fn the_audience_and_a_wide_policy_are_found() {
    let issuer = "api.bitbucket.org/2.0/workspaces/wide/pipelines-config/identity/oidc";
    let iam = keyless_tests::aws::Api::new(&CLOUD.judge.url());
    let provider = [("Url", &*format!("https://{issuer}")), ("ClientIDList.member.1", "sts.amazonaws.com")];
    iam.query("iam", "CreateOpenIDConnectProvider", &provider).expect("the provider is new");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "IpAddress": { "aws:SourceIp": ["34.199.54.113/32"] } },
    }]});
    let role = [("RoleName", "wide"), ("AssumeRolePolicyDocument", &policy.to_string())];
    iam.query("iam", "CreateRole", &role).expect("the role is new");
    let token = CLOUD.issuer.sign(&{
        let mut claims = step::claims();
        claims["iss"] = json!(format!("https://{issuer}"));
        claims
    });
    let workplace = with_pipeline(PIPELINE);
    let mut command = locally(&workplace, &["--environment", "production"]);
    command
        .env("AWS_ROLE_ARN", ROLE.replace("role/deploy", "role/wide"))
        .env("AWS_ENDPOINT_URL_STS", CLOUD.judge.url())
        .env("BITBUCKET_STEP_OIDC_TOKEN", token)
        .env("BITBUCKET_WORKSPACE", "wide");
    check("finds-a-wide-policy", &finish(&mut command), &[]);
}

#[test]
fn without_access_nothing_is_looked_at_and_nothing_fails() {
    let workplace = Workplace::empty();
    let mut command = locally(&workplace, &[]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_ROLE_ARN", "BITBUCKET_ACCESS_TOKEN"] {
        command.env_remove(name);
    }
    check("sees-nothing", &finish(&mut command), &[]);
    let mut command = locally(&workplace, &["--repository", "acme/shop"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("BITBUCKET_ACCESS_TOKEN");
    check("sees-no-login", &finish(&mut command), &[]);
}

#[test]
fn a_step_looks_with_its_session() {
    let (workplace, api) = (with_pipeline(PIPELINE), Bitbucket::start(good()));
    let mut command = workplace.step(&CLOUD, "keyless");
    command
        .env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token())
        .env("AWS_ENDPOINT_URL_IAM", CLOUD.judge.url())
        .env("BITBUCKET_API_URL", api.url())
        .env("ATLASSIAN_ACCOUNT_EMAIL", bitbucket::PERSON.0)
        .env("ATLASSIAN_API_TOKEN", bitbucket::PERSON.1)
        .arg("doctor");
    let finished = finish(&mut command);
    let clone = workplace.clone_folder().display().to_string();
    check("in-a-step", &finished, &[(&clone, "<clone>")]);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(secrets::in_text("doctor", said.as_bytes(), &CLOUD.sts.issued()), []);
    assert_eq!(secrets::below(workplace.folder(), &CLOUD.sts.issued()), []);
    let refused = CLOUD.issuer.sign(&{
        let mut claims = step::claims();
        claims["sub"] = json!(format!("{}:{}", step::REPOSITORY_UUID, step::STEP_UUID));
        claims
    });
    command.env("BITBUCKET_STEP_OIDC_TOKEN", refused).env_remove("ATLASSIAN_API_TOKEN");
    check("in-a-refused-step", &finish(&mut command), &[(&clone, "<clone>")]);
    let (code, message) = ("AccessDenied", "User is not authorized to perform: sts:AssumeRole");
    let sts = CLOUD.faulty_sts(vec![Fault::None, Fault::None, Fault::Answer(403, code, message)], Duration::ZERO);
    command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env("AWS_ENDPOINT_URL_STS", sts.url());
    command.args(["--deploy-accounts", "111111111111,222222222222,12"]);
    check("in-a-step-with-accounts", &finish(&mut command), &[(&clone, "<clone>")]);
}

#[test]
fn session_tags_need_a_role_that_allows_them() {
    let trust = |actions: &[&str]| {
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": actions });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let iam = keyless_tests::aws::Api::new(&CLOUD.judge.url());
    for (name, policy) in
        [("target", trust(&["sts:AssumeRole"])), ("tagged", trust(&["sts:AssumeRole", "sts:TagSession"]))]
    {
        iam.query("iam", "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &policy)])
            .expect("the role is new");
    }
    let workplace = Workplace::empty();
    let mut said = String::new();
    let mut tell = |command: &mut Command, chain: &str, tags: &str| {
        let finished = finish(command.env("ROLE_CHAIN", chain).env("SESSION_TAGS", tags));
        let own = finished.stdout.lines().skip_while(|line| !line.contains("session tags"));
        said += &own
            .take_while(|line| line.contains("session tags") || line.starts_with("    "))
            .fold(format!("{chain} {tags}\n"), |said, line| said + line + "\n");
        assert_eq!(secrets::in_text("doctor", finished.stdout.as_bytes(), &CLOUD.sts.issued()), []);
    };
    let [target, tagged, other] = ["000000000000:role/target", "000000000000:role/tagged", "111111111111:role/target"]
        .map(|role| format!("arn:aws:iam::{role}"));
    let mut command = locally(&workplace, &[]);
    for (chain, tags) in [(&target, "team=shop"), (&tagged, "team=shop"), (&other, "team=shop"), (&target, "a=1 A=2")] {
        tell(&mut command, chain, tags);
    }
    tell(command.env_remove("AWS_ACCESS_KEY_ID"), &tagged, "team=shop");
    let mut step = workplace.step(&CLOUD, "keyless");
    step.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).arg("doctor");
    for chain in [&target, &tagged] {
        tell(&mut step, chain, "team=shop");
    }
    assert_data_eq!(without_request_ids(&said), checkout::expected("doctor/session-tags.txt"));
}

#[test]
fn a_login_that_fails_and_a_page_that_lies() {
    let workplace = with_pipeline(PIPELINE);
    let api = Bitbucket::start(good());
    let mut command = locally(&workplace, &SHOP);
    command.env("BITBUCKET_API_URL", api.url()).env("BITBUCKET_ACCESS_TOKEN", "stale");
    check("login-fails", &finish(&mut command), &[]);
    // The token is never sent to a host that a response names.
    let thief = Bitbucket::start(Settings::default());
    let lies = Bitbucket::start(Settings { elsewhere: Some(format!("{}/next", thief.url())), ..good() });
    check("page-lies", &finish(locally(&workplace, &SHOP).env("BITBUCKET_API_URL", lies.url())), &[]);
    assert_eq!(thief.asked(), [""; 0]);
    let mut command = locally(&workplace, &SHOP);
    check("address-in-clear", &finish(command.env("BITBUCKET_API_URL", "http://example.com/2.0")), &[]);
}

#[test]
fn json_is_one_document() {
    let (workplace, api) = (with_pipeline(PIPELINE), Bitbucket::start(good()));
    let mut command = locally(&workplace, &[&SHOP[..], &["--json"]].concat());
    let finished = finish(command.env("BITBUCKET_API_URL", api.url()));
    let document: Value = serde_json::from_str(&finished.stdout).expect("it prints JSON");
    let checks = document["checks"].as_array().expect("there are checks");
    assert!(checks.iter().all(|check| check["outcome"] == "pass" && check["fix"].is_null()), "{document:#}");
    let names: Vec<_> = checks.iter().filter_map(|check| check["check"].as_str()).collect();
    assert!(names.contains(&"bootstrap") && names.contains(&"variables"), "{names:?}");
    let finished = finish(&mut locally(&workplace, &["--jsno"]));
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{finished:?}");
}
