//! The pipe's output when it cannot deploy, in full: `tests/expected/pipe-refuses/`. No case reaches the CDK.

use std::{fs, process::Command, sync::LazyLock};

use keyless_tests::{
    checkout,
    cloud::Cloud,
    run::{Finished, Workplace, finish},
    secrets, step,
    strict_sts::REQUEST_ID,
};
use serde_json::{Value, json};
use snapbox::assert_data_eq;

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// Runs the pipe in a workplace with the demo app and a ready assembly, and compares its output and exit code.
fn refuses(case: &str, change: impl FnOnce(&mut Command, &Workplace)) {
    let workplace = Workplace::with_demo_app();
    let ready = workplace.clone_folder().join("ready");
    fs::create_dir(&ready).expect("the scratch folder is writable");
    let manifest = r#"{"version":"50.0.0","artifacts":{"Shop":{"type":"aws:cloudformation:stack"}}}"#;
    fs::write(ready.join("manifest.json"), manifest).expect("the scratch folder is writable");
    let token = CLOUD.token();
    let mut command = workplace.pipe(&CLOUD);
    command.env("BITBUCKET_STEP_OIDC_TOKEN", &token).env("APP", "ready");
    change(&mut command, &workplace);
    let Finished { code, stdout, stderr } = finish(&mut command);

    let used = command.get_envs().find(|(name, _)| *name == "BITBUCKET_STEP_OIDC_TOKEN").and_then(|(_, value)| value);
    let mut hidden = vec![token];
    hidden.extend(used.and_then(|used| used.to_str()).filter(|used| used.len() > 100).map(str::to_owned));
    assert_eq!(secrets::in_text("output", (stdout.clone() + &stderr).as_bytes(), &hidden), []);
    assert_eq!(secrets::below(workplace.folder(), &hidden), []);

    let said = format!("exit code {}\n--- output\n{stdout}--- errors\n{stderr}", code.unwrap_or(-1));
    let said = said.replace(&workplace.clone_folder().display().to_string(), "<clone>");
    assert_data_eq!(
        without_request_ids(&without_times(&said)),
        checkout::expected(&format!("pipe-refuses/{case}.txt"))
    );
}

fn refuses_claims(case: &str, change: impl FnOnce(&mut Value)) {
    let mut claims = step::claims();
    change(&mut claims);
    let token = CLOUD.issuer.sign(&claims);
    refuses(case, |command, _| {
        command.env("BITBUCKET_STEP_OIDC_TOKEN", token);
    });
}

/// Replaces the emulator's own request ids.
fn without_request_ids(text: &str) -> String {
    let mut parts = text.split("(request ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (id, rest) = part.split_once(')').unwrap_or((part, ""));
        text + "(request " + if id == REQUEST_ID { id } else { "<id>" } + ")" + rest
    })
}

/// Replaces Unix times.
fn without_times(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.ends_with(|last: char| last.is_ascii_digit()) == c.is_ascii_digit() => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let is_time = |word: &String| word.len() == 10 && word.starts_with(|c: char| c.is_ascii_digit());
    words.into_iter().map(|word| if is_time(&word) { "<time>".to_owned() } else { word }).collect()
}

#[test]
fn another_audience() {
    refuses_claims("another-audience", |claims| claims["aud"] = json!("ari:cloud:bitbucket::workspace/another"));
}

#[test]
fn another_issuer() {
    refuses_claims("another-issuer", |claims| claims["iss"] = json!(step::ISSUER.replace("acme", "other")));
}

#[test]
fn another_repository() {
    let sub = format!("{{another}}:{}:{}", step::ENVIRONMENT_UUID, step::STEP_UUID);
    refuses_claims("another-repository", |claims| claims["sub"] = json!(sub));
}

#[test]
fn a_trust_policy_at_hand_is_judged() {
    let mut claims = step::claims();
    claims["sub"] = json!(format!("{}:{}", step::REPOSITORY_UUID, step::STEP_UUID));
    let token = CLOUD.issuer.sign(&claims);
    refuses("trust-policy-at-hand", |command, workplace| {
        let policy = workplace.clone_folder().join("trust.json");
        fs::write(policy, format!("{:#}", Cloud::trust_policy())).expect("the scratch folder is writable");
        command.env("BITBUCKET_STEP_OIDC_TOKEN", token).env("TRUST_POLICY", "trust.json");
        // The step has no `deployment:`.
        command.env_remove("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID");
    });
}

#[test]
fn a_trust_policy_is_read_from_iam() {
    let mut claims = step::claims();
    claims["sub"] = json!(format!("{{another}}:{}:{}", step::ENVIRONMENT_UUID, step::STEP_UUID));
    let token = CLOUD.issuer.sign(&claims);
    let ask = |case: &str, variables: &[(&str, &str)]| {
        refuses(case, |command, _| {
            command.env("BITBUCKET_STEP_OIDC_TOKEN", &token).env("TRUST_POLICY", "iam-with-stored-keys");
            command.env("AWS_ENDPOINT_URL_IAM", CLOUD.judge.url()).envs(variables.iter().copied());
        });
    };
    // The emulator's administrator. An unknown key has no policy and may read nothing.
    let administrator = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    ask("trust-policy-in-iam", &administrator);
    let no_role = [administrator.as_slice(), &[("AWS_ROLE_ARN", "arn:aws:iam::000000000000:role/nobody")]].concat();
    ask("trust-policy-of-no-role", &no_role);
    ask("trust-policy-without-identity", &[]);
    // A stored key is used only where that is confirmed, a session's key at once.
    let unconfirmed = [administrator.as_slice(), &[("TRUST_POLICY", "iam")]].concat();
    ask("trust-policy-with-a-stored-key", &unconfirmed);
    ask("trust-policy-in-iam", &[unconfirmed.as_slice(), &[("AWS_SESSION_TOKEN", "test")]].concat());
}

#[test]
fn a_bundle_of_authorities_that_is_none() {
    refuses("broken-bundle", |command, workplace| {
        let bundle = workplace.clone_folder().join("ca.pem");
        fs::write(&bundle, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("it is writable");
        command.env("AWS_CA_BUNDLE", bundle);
    });
    refuses("missing-bundle", |command, _| {
        command.env("AWS_CA_BUNDLE", "/nonexistent/ca.pem");
    });
}

#[test]
fn an_expired_token() {
    refuses_claims("expired-token", |claims| claims["exp"] = json!(step::now() - (2 * 3600 + 30 * 60 + 20)));
}

#[test]
fn a_broken_signature() {
    let token = CLOUD.token();
    let (signed, signature) = token.rsplit_once('.').expect("a token has three parts");
    let (first, rest) = signature.split_at(1);
    let broken = format!("{signed}.{}{rest}", if first == "A" { "B" } else { "A" });
    refuses("broken-signature", |command, _| {
        command.env("BITBUCKET_STEP_OIDC_TOKEN", broken);
    });
}

#[test]
fn no_node_on_the_path() {
    refuses("no-node", |command, _| {
        command.env("PATH", "/nonexistent");
    });
}

#[test]
fn mistakes_in_variables() {
    for (case, variables) in [
        ("no-token", &[("BITBUCKET_STEP_OIDC_TOKEN", "")][..]),
        ("literal-token", &[("BITBUCKET_STEP_OIDC_TOKEN", "$BITBUCKET_STEP_OIDC_TOKEN")]),
        ("cut-token", &[("BITBUCKET_STEP_OIDC_TOKEN", "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwcy.c2ln")]),
        // The kernel allows 128 KiB in one variable.
        ("huge-token", &[("BITBUCKET_STEP_OIDC_TOKEN", &"x".repeat(130_000))]),
        ("role-typo", &[("AWS_ROLE_ARN", "arn:aws:iam:000000000000:role/deploy")]),
        ("unknown-region", &[("AWS_REGION", "eu-wset-1")]),
        ("destroy-without-stacks", &[("COMMAND", "destroy"), ("STACKS", "  ")]),
        (
            "several",
            &[("AWS_REGION", "eu-wset-1"), ("BITBUCKET_STEP_OIDC_TOKEN", ""), ("COMMAND", "depoly"), ("DEBUG", "1")],
        ),
    ] {
        refuses(case, |command, _| {
            command.envs(variables.iter().copied());
        });
    }
}

#[test]
fn endpoints_without_encryption() {
    refuses("insecure-endpoint", |command, _| {
        command
            .env("AWS_ENDPOINT_URL_STS", "http://sts.example.com")
            .env("AWS_ENDPOINT_URL_CODEARTIFACT", "example.com");
    });
}

#[test]
fn no_app() {
    refuses("no-app", |command, workplace| {
        command.env_remove("APP");
        fs::remove_file(workplace.clone_folder().join("cdk.json")).expect("the app has one");
    });
}

#[test]
fn the_accidental_cdk() {
    refuses("accidental-cdk", |_, workplace| accidental_cdk(workplace));
}

/// Installs the relevant part of the package that npm once tagged as the latest aws-cdk.
fn accidental_cdk(workplace: &Workplace) {
    let package = workplace.clone_folder().join("node_modules");
    fs::remove_file(&package).expect("it is a link");
    fs::create_dir_all(package.join("aws-cdk/bin")).expect("the scratch folder is writable");
    fs::write(package.join("aws-cdk/bin/cdk"), "#!/usr/bin/env node\n").expect("the scratch folder is writable");
    fs::write(package.join("aws-cdk/package.json"), r#"{"name":"aws-cdk","version":"3.0.0"}"#)
        .expect("the scratch folder is writable");
}

#[test]
fn assemblies_that_cannot_be_deployed() {
    for (case, manifest) in [
        ("newer-assembly", Some(r#"{"version":"999.0.0","minimumCliVersion":"2.9999.0","artifacts":{}}"#)),
        ("broken-assembly", Some(r#"{"version":"#)),
        ("empty-assembly", None),
    ] {
        refuses(case, |command, workplace| {
            let assembly = workplace.clone_folder().join("assembly");
            fs::create_dir(&assembly).expect("the scratch folder is writable");
            if let Some(manifest) = manifest {
                fs::write(assembly.join("manifest.json"), manifest).expect("the scratch folder is writable");
            }
            command.env("APP", "assembly");
        });
    }
    refuses("missing-assembly", |command, _| {
        command.env("APP", "service/cdk.out");
    });
}

#[test]
fn the_accidental_cdk_with_a_ready_assembly() {
    refuses("accidental-cdk-with-assembly", |command, workplace| {
        accidental_cdk(workplace);
        let assembly = workplace.clone_folder().join("cdk.out");
        fs::create_dir(&assembly).expect("the scratch folder is writable");
        fs::write(assembly.join("manifest.json"), r#"{"version":"55.0.0"}"#).expect("the scratch folder is writable");
        command.env("APP", "cdk.out");
    });
}
