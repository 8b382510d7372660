//! `keyless exec` and `keyless credential-process`: a session for any command.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{process::Command, sync::LazyLock};

use keyless_tests::{
    cloud::Cloud,
    run::{Workplace, finish, finish_with_secrets},
    secrets,
};
use serde_json::Value;

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

fn keyless(workplace: &Workplace, arguments: &[&str]) -> Command {
    let mut command = workplace.step(&CLOUD, "keyless");
    command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).args(arguments);
    command
}

#[test]
fn output_and_exit_code_are_the_commands() {
    let workplace = Workplace::empty();
    let script = "echo region $AWS_REGION; echo token ${BITBUCKET_STEP_OIDC_TOKEN:-none}; exit 3";
    let finished = finish(&mut keyless(&workplace, &["exec", "--", "sh", "-c", script]));
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(3), "region eu-west-1\ntoken none\n"), "{finished:#?}");
    assert!(finished.stderr.starts_with("✔ session keyless-shop-42 of "), "{finished:#?}");
    assert_eq!(secrets::below(workplace.folder(), &CLOUD.sts.issued()), []);
}

#[test]
fn a_credential_process_prints_what_sdks_read() {
    let workplace = Workplace::empty();
    let finished = finish_with_secrets(&mut keyless(&workplace, &["credential-process"]));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let printed: Value = serde_json::from_str(&finished.stdout).expect("it prints JSON");
    let names: Vec<_> = printed.as_object().expect("it is an object").keys().collect();
    assert_eq!(names, ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken", "Version"]);
    let secret = printed["SecretAccessKey"].as_str().unwrap_or_default().to_owned();
    assert!(CLOUD.sts.issued().contains(&secret));
    assert_eq!(secrets::in_text("errors", finished.stderr.as_bytes(), &[secret]), []);
}

#[test]
fn invalid_settings_are_listed_at_once() {
    let workplace = Workplace::empty();
    let mut command = keyless(&workplace, &["exec", "true"]);
    let finished = finish(command.env("AWS_REGION", "").env("BITBUCKET_STEP_OIDC_TOKEN", ""));
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.ends_with("✖ 2 invalid settings; nothing was run\n"), "{finished:#?}");
    for wrong in [&["exce", "true"][..], &["exec"], &["exec", "--unknown", "true"], &["credential-process", "x"]] {
        let finished = finish(&mut keyless(&workplace, wrong));
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{wrong:?}: {finished:#?}");
    }
}

#[test]
fn everything_after_the_command_is_its_own() {
    let workplace = Workplace::empty();
    for arguments in [
        &["exec", "--", "echo", "--help", "--", "-x"][..],
        &["exec", "echo", "--help", "--", "-x"],
        &["--color", "never", "exec", "echo", "--help", "--", "-x"],
    ] {
        let finished = finish(&mut keyless(&workplace, arguments));
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "--help -- -x\n"), "{finished:#?}");
    }
    let finished = finish(&mut keyless(&workplace, &["exec", "--", "env"]));
    assert!(finished.stdout.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI="), "{finished:#?}");
    let finished = finish(&mut keyless(&workplace, &["exec", "--", "no-such-program"]));
    let said = "✖ cannot start `no-such-program`: No such file or directory (os error 2)\n";
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.ends_with(said), "{finished:#?}");
}
