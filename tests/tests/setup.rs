//! `keyless setup --from-bitbucket` against the tests' Bitbucket over real HTTP, which pages its lists and checks tokens.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::process::Command;

use keyless_tests::{
    bitbucket::{self, Bitbucket, Settings},
    checkout,
    run::{Finished, finish},
    secrets, step,
};

const PRODUCTION: &str = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";
const STAGING: &str = "{1a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";

fn api() -> Bitbucket {
    Bitbucket::start(Settings {
        environments: vec![("Staging", STAGING, vec![]), ("Production", PRODUCTION, vec!["AWS_ROLE_ARN"])],
        ..Settings::default()
    })
}

fn setup(api: &Bitbucket, token: &str, arguments: &[&str]) -> Finished {
    let mut command = Command::new(checkout::binary("keyless"));
    command
        .env_clear()
        .env("BITBUCKET_API_URL", api.url())
        .env("BITBUCKET_ACCESS_TOKEN", token)
        .args(["setup", "--from-bitbucket"])
        .args(arguments);
    let finished = finish(&mut command);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    let hidden = [bitbucket::TOKEN, bitbucket::WITHOUT_PIPELINES, bitbucket::VALUE].map(str::to_owned);
    assert_eq!(secrets::in_text("setup", said.as_bytes(), &hidden), []);
    finished
}

#[test]
fn every_environment_of_a_repository_gets_a_role_without_a_uuid_typed() {
    let api = api();
    let finished = setup(&api, bitbucket::TOKEN, &["--repository", "acme/shop"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    for environment in [PRODUCTION, STAGING] {
        assert!(finished.stdout.contains(&format!("{}:{environment}:*", step::REPOSITORY_UUID)), "{}", finished.stdout);
    }
    let workspace = step::WORKSPACE_UUID.trim_matches(['{', '}']);
    assert!(finished.stdout.contains(&format!("workspace/{workspace}")), "{}", finished.stdout);
    assert!(finished.stderr.contains("deployment: production"), "{}", finished.stderr);
    assert!(api.asked().iter().all(|request| request.starts_with("GET ")), "{:?}", api.asked());
    assert!(api.asked().iter().any(|request| request.contains("page=2")), "{:?}", api.asked());
}

#[test]
fn only_selected_environments_get_a_role() {
    let api = api();
    let arguments = ["--repository", "acme/shop", "--environment", "shop/production"];
    let read_only = ["--read-only-environment", "shop/Staging"];
    let finished = setup(&api, bitbucket::TOKEN, &[&arguments[..], &read_only[..]].concat());
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(finished.stdout.matches("Type: AWS::IAM::Role").count(), 2, "{}", finished.stdout);
    assert!(finished.stdout.contains("bitbucket-shop-staging-read-only"), "{}", finished.stdout);
}

#[test]
fn a_refused_look_up_says_what_to_do() {
    let api = api();
    let shop = ["--repository", "acme/shop"];
    for (token, arguments, said) in [
        (
            "expired",
            &shop[..],
            "cannot look up repository acme/shop in Bitbucket: Bitbucket answered 401; create a new token",
        ),
        (bitbucket::WITHOUT_PIPELINES, &shop[..], "the token needs the scope `read:pipeline:bitbucket` (API token)"),
        (bitbucket::TOKEN, &["--repository", "acme/other"][..], "Bitbucket answered 404; check the name"),
        (bitbucket::TOKEN, &["--repository", "shop"][..], "`shop` must be of the form WORKSPACE/NAME"),
        (
            bitbucket::TOKEN,
            &["--repository", "acme/shop", "--environment", "shop/prod"][..],
            "no deployment environment `shop/prod`; the environments are: staging, production",
        ),
    ] {
        let finished = setup(&api, token, arguments);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{}", finished.stderr);
        assert!(finished.stderr.contains(said), "{}", finished.stderr);
    }
}
