//! The output of `setup` in every language, in full (`setup/<case>.*`), and its errors.
//!
//! `SNAPSHOTS=overwrite` updates the files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use keyless_core::{
    iam::role::{self, RoleError, RoleSelector},
    ip_ranges,
    rules::trust as check,
    setup::{Format, Profile, Setup, Subject, guide, plan},
    text::Source,
};
use serde_json::json;
use snapbox::{Data, assert_data_eq};

const WEB: &str = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
const PRODUCTION: &str = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";
const STAGING: &str = "{1a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";

fn subject(environment: Option<(&str, &str)>) -> Subject {
    Subject {
        repository: "web".into(),
        repository_uuid: WEB.into(),
        environment: environment.map(|(name, uuid)| (name.into(), uuid.into())),
    }
}

fn setup(profile: Profile) -> Setup {
    Setup {
        workspace: "acme".into(),
        workspace_uuid: "{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}".into(),
        subjects: vec![subject(Some(("production", PRODUCTION)))],
        profile,
        with_read_only: false,
        read_only: Vec::new(),
        deploy_accounts: Vec::new(),
        permissions_boundary: None,
        role_path: "/".to_owned(),
        pipe: None,
        prefix: "bitbucket".into(),
        qualifier: "hnb659fds".into(),
        addresses: Vec::new(),
        bind_session: false,
        session_seconds: 3600,
        provider_exists: false,
        trust_policy_quota: 2048,
    }
}

#[test]
fn every_language_says_the_same_in_its_own_words() {
    let bound = Setup {
        addresses: ip_ranges::read("198.51.100.0/25\n198.51.100.128/25\n2001:db8::/32").unwrap(),
        bind_session: true,
        with_read_only: true,
        session_seconds: 7200,
        ..setup(Profile::Full)
    };
    let existing = Setup { provider_exists: true, subjects: vec![subject(None)], ..setup(Profile::Minimal) };
    let accounts = Setup {
        with_read_only: true,
        read_only: vec![subject(Some(("preview", STAGING)))],
        deploy_accounts: vec!["111111111111".into(), "222222222222".into()],
        permissions_boundary: Some("arn:aws:iam::123456789012:policy/ci/boundary".into()),
        role_path: "/ci/".into(),
        pipe: Some("registry.example/acme/keyless-pipe:1.2.3".into()),
        qualifier: "acme".into(),
        ..setup(Profile::Minimal)
    };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/setup");
    for (case, setup) in [
        ("minimal", setup(Profile::Minimal)),
        ("bound", bound),
        ("existing-provider", existing),
        ("accounts", accounts),
    ] {
        let plan = plan(&setup).unwrap();
        let files = Format::ALL.map(|format| (format.extension(), format.write(&plan).unwrap()));
        for (extension, text) in files.into_iter().chain([("txt", guide::text(&plan))]) {
            let path = folder.join(format!("{case}.{extension}"));
            assert_data_eq!(&text, Data::read_from(&path, None).raw());
            if matches!(extension, "json" | "yaml" | "tf") {
                let findings = check::check(&Source::new("template", &text)).unwrap();
                let allowed = ["repository-wide-subject", "ip-deny-without-via-service"];
                assert!(findings.iter().all(|it| allowed.contains(&it.rule.as_str())), "{case}: {findings:?}");
            }
        }
    }
}

/// The template in both of its forms, and the plan that Terraform prints of its configuration, hold the roles again.
#[test]
fn roles_are_selected_in_every_format_that_can_be_read_back() {
    let subjects = [("production", PRODUCTION), ("staging", STAGING)].map(|environment| subject(Some(environment)));
    let plan = plan(&Setup { subjects: subjects.into(), with_read_only: true, ..setup(Profile::Minimal) }).unwrap();
    let terraform: Vec<_> = plan
        .roles
        .iter()
        .map(|role| {
            let policy = role.trust.json(&|_| "arn:aws:iam::123456789012:oidc-provider/x".to_owned()).to_string();
            json!({
                "address": format!("aws_iam_role.{}", role.logical_id), "name": role.logical_id,
                "values": {"name": role.name, "assume_role_policy": policy},
            })
        })
        .collect();
    let terraform = json!({"planned_values": {"root_module": {"resources": terraform}}}).to_string();
    let documents: Vec<_> = Format::ALL
        .into_iter()
        .map(|format| (format.name(), format.write(&plan).unwrap()))
        .filter(|(_, text)| role::read(text, None).is_ok())
        .chain([("terraform show -json", terraform)])
        .collect();
    let names: Vec<_> = documents.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["cloudformation", "cloudformation-json", "terraform", "terraform show -json"]);
    for (name, text) in documents {
        for role in &plan.roles {
            let arn = format!("arn:aws:iam::123456789012:role/{}", role.name);
            for selector in [&arn, &role.name] {
                let selected = role::read_one(&text, Some(&RoleSelector::parse(selector))).unwrap();
                let subject = &selected.policy.statements[0].conditions[1].values[0];
                assert_eq!(subject.as_str(), Some(role.subject.as_str()), "{name} {selector}");
            }
        }
        let other = RoleSelector::parse("arn:aws:iam::123456789012:role/other");
        assert!(matches!(role::read_one(&text, Some(&other)), Err(RoleError::NotFound { .. })), "{name}");
        assert!(matches!(role::read_one(&text, None), Err(RoleError::Ambiguous { .. })), "{name}");
    }
}

#[test]
fn what_cannot_be_set_up_is_said() {
    let sound = || setup(Profile::Minimal);
    let many = (0..200).map(|n| format!("198.{}.{}.1", n / 2 * 2 % 256, n * 7 % 256)).collect::<Vec<_>>().join("\n");
    let long = "a".repeat(60);
    for (setup, message) in [
        (Setup { workspace: "Acme Inc".into(), ..sound() }, "`Acme Inc` is not the name of a workspace"),
        (Setup { workspace_uuid: "acme".into(), ..sound() }, "invalid UUID of the workspace: `acme` is not a UUID"),
        (Setup { subjects: Vec::new(), ..sound() }, "no repository is given"),
        (Setup { subjects: vec![subject(None), subject(None)], ..sound() }, "two roles would be named `bitbucket-web`"),
        (Setup { prefix: long, ..sound() }, "has 75 characters; IAM allows 64"),
        (Setup { qualifier: "a b".into(), ..sound() }, "`a b` is not a bootstrap qualifier"),
        (Setup { deploy_accounts: vec!["1234".into()], ..sound() }, "`1234` is not an account ID; use 12 digits"),
        (
            Setup { permissions_boundary: Some("boundary".into()), ..sound() },
            "`boundary` is not the ARN of a managed policy",
        ),
        (
            Setup { permissions_boundary: Some("arn:aws:iam::123456789012:role/x".into()), ..sound() },
            "is not the ARN of a managed policy",
        ),
        (Setup { role_path: "ci".into(), ..sound() }, "`ci` is not the path of a role; it must begin and end with `/`"),
        (Setup { role_path: "/a b/".into(), ..sound() }, "`/a b/` is not the path of a role"),
        (Setup { pipe: Some("<registry>/x".into()), ..sound() }, "`<registry>/x` is not the name of an image"),
        (Setup { session_seconds: 60, ..sound() }, "must be between 3600 (1 h) and 43200 (12 h) seconds, found 60"),
        (Setup { bind_session: true, ..sound() }, "none are given"),
        (Setup { addresses: ip_ranges::read(&many).unwrap(), ..sound() }, "request a quota of 8192 (Service Quotas"),
    ] {
        let error = plan(&setup).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
