//! What `generate` writes: every language in full (`setup/<case>.*`), and what cannot be set up.
//!
//! `SNAPSHOTS=overwrite` updates the files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use keyless_core::{
    ip_ranges,
    rules::trust as check,
    setup::{Profile, Setup, Subject, cdk, cloudformation, commands, guide, plan, terraform},
    text::Source,
};
use snapbox::{Data, assert_data_eq};

const WEB: &str = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
const PRODUCTION: &str = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";

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
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/setup");
    for (case, setup) in [("minimal", setup(Profile::Minimal)), ("bound", bound), ("existing-provider", existing)] {
        let plan = plan(&setup).unwrap();
        for (extension, text) in [
            ("json", serde_json::to_string_pretty(&cloudformation::template(&plan)).unwrap() + "\n"),
            ("ts", cdk::app(&plan)),
            ("tf", terraform::configuration(&plan)),
            ("sh", commands::script(&plan)),
            ("txt", guide::text(&plan)),
        ] {
            let path = folder.join(format!("{case}.{extension}"));
            assert_data_eq!(&text, Data::read_from(&path, None).raw());
            if extension == "json" {
                let findings = check::check(&Source::new("template", &text)).unwrap();
                let allowed = ["repository-wide-subject", "ip-deny-without-via-service"];
                assert!(findings.iter().all(|it| allowed.contains(&it.rule.as_str())), "{case}: {findings:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_set_up_is_said() {
    let sound = || setup(Profile::Minimal);
    let many = (0..200).map(|n| format!("198.{}.{}.1", n / 2 * 2 % 256, n * 7 % 256)).collect::<Vec<_>>().join("\n");
    let long = "a".repeat(60);
    for (setup, message) in [
        (Setup { workspace: "Acme Inc".into(), ..sound() }, "`Acme Inc` is not the name of a workspace"),
        (Setup { workspace_uuid: "acme".into(), ..sound() }, "`acme` is not the UUID of the workspace"),
        (Setup { subjects: Vec::new(), ..sound() }, "no repository is named"),
        (
            Setup { subjects: vec![subject(None), subject(None)], ..sound() },
            "two roles would be called `bitbucket-web`",
        ),
        (Setup { prefix: long, ..sound() }, "has 75 characters, and IAM takes 64"),
        (Setup { qualifier: "a b".into(), ..sound() }, "`a b` is not a bootstrap qualifier"),
        (Setup { session_seconds: 60, ..sound() }, "a session of 60 seconds cannot be had"),
        (Setup { bind_session: true, ..sound() }, "without a list of them"),
        (
            Setup { addresses: ip_ranges::read(&many).unwrap(), ..sound() },
            "have the quota raised to 8192 (Service Quotas",
        ),
    ] {
        let error = plan(&setup).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
