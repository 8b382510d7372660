//! `keyless exec` and `keyless credential-process`: a session for any command.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{fs, os::unix::fs::PermissionsExt, process::Command, sync::LazyLock, time::Duration};

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
}

#[test]
fn without_the_program_no_role_is_assumed() {
    let workplace = Workplace::empty();
    fs::write(workplace.clone_folder().join("deploy.sh"), "#!/bin/sh\necho done\n").expect("the folder is writable");
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    for (program, said) in [
        ("no-such-program", "✖ `no-such-program` is not on the PATH; nothing was run\n"),
        ("./deploy.sh", "✖ `./deploy.sh` is not an executable file; nothing was run\n"),
        ("/nonexistent/x", "✖ `/nonexistent/x` is not an executable file; nothing was run\n"),
    ] {
        let mut command = keyless(&workplace, &["exec", "--", program, "s3cret"]);
        let finished = finish(command.env("AWS_ENDPOINT_URL_STS", sts.url()));
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), said), "{program}");
    }
    assert_eq!(sts.asked(), 0);
    let file = workplace.clone_folder().join("deploy.sh");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let finished = finish(&mut keyless(&workplace, &["exec", "--", "./deploy.sh"]));
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "done\n"), "{finished:#?}");
}

#[test]
fn the_commands_own_variables_are_passed_on() {
    let workplace = Workplace::empty();
    let own = [
        ("APP", "shop"),
        ("TAGS", "v1"),
        ("DEBUG", "express:*"),
        ("METHOD", "POST"),
        ("INSTALL", "full"),
        ("STACKS", "a"),
        ("CONTEXT", "prod"),
        ("REPORT", "weekly"),
        ("CONCURRENCY", "lots"),
        ("OUTPUTS_FILE", "x"),
        ("CREDENTIALS", "{\"private_key\":\"s3cret-of-another-cloud\"}"),
        ("SESSION_NAME", "checkout session"),
        ("KEYLESS_HOME", "kept"),
    ];
    let script = own.map(|(name, _)| format!("echo \"{name}=${name}\"")).join("; ");
    let mut command = keyless(&workplace, &["exec", "--", "sh", "-c", &script]);
    let finished = finish(command.envs(own).env("KEYLESS_SESSION_NAME", "ours"));
    let expected = own.map(|(name, value)| format!("{name}={value}\n")).concat();
    assert_eq!((finished.code, finished.stdout), (Some(0), expected), "{}", finished.stderr);
    assert!(finished.stderr.contains("✔ session ours of "), "{}", finished.stderr);
    assert!(finished.stderr.contains("! CREDENTIALS is left to the command"), "{}", finished.stderr);
    assert!(!finished.stderr.contains("s3cret"), "{}", finished.stderr);
}

#[test]
fn qualified_names_take_precedence_and_do_not_reach_the_command() {
    let workplace = Workplace::empty();
    let mut command = keyless(&workplace, &["exec", "--", "sh", "-c", "echo $AWS_REGION; env | grep -c ^KEYLESS_"]);
    command.env("KEYLESS_AWS_REGION", "us-east-1").env("KEYLESS_CREDENTIALS", "environment");
    let finished = finish(command.env("CREDENTIALS", "endpiont").env("KEYLESS_SESSION_DURATION", "1h"));
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), "us-east-1\n0\n"), "{finished:#?}");
}

#[test]
fn invalid_values_are_not_printed_and_the_qualified_name_is_offered() {
    let workplace = Workplace::empty();
    let mut command = keyless(&workplace, &["exec", "true"]);
    let secret = "s3cret-in-the-wrong-place";
    command.env("SESSION_DURATION", secret).env("SESSION_POLICY", secret).env("ROLE_CHAIN", secret);
    command.env("ALLOWED_ACCOUNT_IDS", secret).env("AWS_REGION", secret).env("AWS_ROLE_ARN", format!("${secret}"));
    let finished = finish(command.env("CODEARTIFACT_TOOLS", secret).env("KEYLESS_CREDENTIALS", secret));
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(!finished.stderr.contains("s3cret"), "{}", finished.stderr);
    assert!(finished.stderr.contains("set KEYLESS_SESSION_DURATION, which takes precedence"), "{}", finished.stderr);
}

#[test]
fn tags_of_the_session_are_not_the_commands() {
    let sts = CLOUD.faulty_sts(Vec::new(), Duration::ZERO);
    let workplace = Workplace::empty();
    let mut command = keyless(&workplace, &["exec", "--", "sh", "-c", "echo $SESSION_TAGS"]);
    command
        .env("AWS_ENDPOINT_URL_STS", sts.url())
        .env("SESSION_TAGS", "the command's")
        .env("KEYLESS_ROLE_CHAIN", "arn:aws:iam::000000000000:role/second")
        .env("KEYLESS_SESSION_TAGS", "team=shop")
        .env("KEYLESS_TRANSITIVE_TAG_KEYS", "team");
    let finished = finish(&mut command);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "the command's\n"), "{finished:#?}");
    let requests = sts.requests();
    let part = |name: &str| requests.iter().filter_map(|form| form.get(name)).collect::<Vec<_>>();
    assert_eq!(part("Tags.member.1.Value"), ["shop"]);
    assert_eq!(part("TransitiveTagKeys.member.1"), ["team"]);
    let finished = finish(command.env_remove("KEYLESS_ROLE_CHAIN"));
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.contains("SESSION_TAGS needs ROLE_CHAIN"), "{finished:#?}");
}

/// Prints the key id that a profile yields, by running its `credential_process` as SDKs do.
const KEY_OF_PROFILE: &str = "
process=$(sed -n \"/^\\[profile $1\\]/,/^\\[/s/^credential_process = //p\" \"$AWS_CONFIG_FILE\")
sh -c \"$process\"
";

#[test]
fn profiles_resolve_to_the_session() {
    for credentials in ["endpoint", "environment"] {
        let workplace = Workplace::empty();
        let folder = workplace.clone_folder().join(".aws-ci");
        fs::create_dir(&folder).expect("the scratch folder is writable");
        let config = "[profile prod]\nregion = eu-central-1\naws_access_key_id = AKIASTORED\n\
                      aws_secret_access_key = stored-key\n";
        fs::write(folder.join("config"), config).expect("the scratch folder is writable");
        let script = format!(
            "set -- prod; {KEY_OF_PROFILE}\necho; grep region \"$AWS_CONFIG_FILE\"; echo \"$AWS_PROFILE\"; \
             grep -c stored \"$AWS_CONFIG_FILE\"; set -- audit; {KEY_OF_PROFILE}"
        );
        let mut command = keyless(&workplace, &["exec", "--", "sh", "-c", &script]);
        command.env("AWS_CONFIG_FILE", ".aws-ci/config").env("AWS_PROFILE", "audit");
        let finished = finish_with_secrets(command.env("CREDENTIALS", credentials));
        let lines: Vec<&str> = finished.stdout.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 5, "{finished:#?}");
        for line in [lines[0], lines[4]] {
            let session: Value = serde_json::from_str(line).expect("it prints JSON");
            assert_eq!(session["Version"], 1);
            let secret = session["SecretAccessKey"].as_str().unwrap_or_default().to_owned();
            assert!(CLOUD.sts.issued().contains(&secret), "{credentials}");
        }
        assert_eq!(lines[1..4], ["region = eu-central-1", "audit", "0"]);
        let said = "✔ profiles with the session instead of their own credentials: prod, audit (from .aws-ci/config)\n";
        assert!(finished.stderr.contains(said), "{}", finished.stderr);
        // Nothing is left behind.
        assert_eq!(secrets::below(workplace.folder(), &CLOUD.sts.issued()), []);
        let left = fs::read_dir(workplace.folder().join("tmp")).expect("it is a folder").count();
        assert_eq!(left, 0);
    }
}

#[test]
fn the_session_of_another_process_is_printed_only_inside_exec() {
    let workplace = Workplace::empty();
    let mut command = keyless(&workplace, &["credential-process", "--of-exec"]);
    let finished = finish(
        command
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1:80/credentials")
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "x"),
    );
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:#?}");
    assert!(finished.stderr.contains("is not on a loopback address"), "{finished:#?}");
    let finished = finish(&mut keyless(&workplace, &["credential-process", "--of-exec"]));
    assert!(finished.stderr.contains("was not started by `keyless exec`"), "{finished:#?}");
    let missing = finish(keyless(&workplace, &["exec", "true"]).env("AWS_CONFIG_FILE", "/nonexistent/config"));
    assert_eq!(missing.code, Some(1), "{missing:#?}");
    assert!(missing.stderr.contains("AWS_CONFIG_FILE: No such file"), "{missing:#?}");
}
