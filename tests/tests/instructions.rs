//! How many instructions common runs take, compared with `instructions.tsv`: unlike times, they are the same on a busy machine.
//!
//! `SNAPSHOTS=overwrite` updates the table.
#![allow(clippy::expect_used, clippy::panic)] // clippy knows functions with #[test] alone as tests

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use keyless_tests::checkout;

/// What a run may take more than the table says, in percent, before this fails; with less it should be updated.
const TOLERANCE: u64 = 10;

/// The runs: a name, and the arguments.
const RUNS: [(&str, &[&str]); 5] = [
    ("lint: one file", &["lint", "web/examples/aws-oidc-fixed.yml"]),
    ("lint: a folder of mistakes", &["lint", "crates/core/tests/lint"]),
    ("lint: 400 steps", &["lint", "STEPS"]),
    ("migrate", &["migrate", "crates/core/tests/migrate/anchors.before.yml"]),
    ("trust check", &["trust", "check", "crates/core/tests/setup/accounts.json"]),
];

fn table() -> PathBuf {
    checkout::root().join("tests/tests/instructions.tsv")
}

/// A pipeline that is long enough to show what grows.
fn steps(folder: &Path) -> String {
    let step = |number: usize| {
        format!(
            "    - step:\n        name: Step {number}\n        oidc: true\n        script:\n          - npm ci\n          \
             - export AWS_REGION=eu-west-1\n          - aws s3 sync dist-{number} s3://bucket-{number} --delete | tee log\n"
        )
    };
    let path = folder.join("bitbucket-pipelines.yml");
    let text = format!("image: node:22.12\npipelines:\n  default:\n{}", (0..400).map(step).collect::<String>());
    fs::write(&path, text).expect("the scratch folder is writable");
    path.display().to_string()
}

fn instructions(arguments: &[String]) -> u64 {
    let mut counted = Command::new("valgrind");
    counted.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(checkout::binary("keyless"));
    // one thread, and no links in the report
    let run = counted.args(arguments).current_dir(checkout::root()).env("NO_COLOR", "1").output();
    let said = String::from_utf8_lossy(&run.expect("valgrind starts").stderr).into_owned();
    let line = said.lines().find_map(|line| line.split_once("Collected :").map(|(_, count)| count.trim().to_owned()));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no count in\n{said}"))
}

#[test]
fn runs_take_no_more_instructions_than_before() {
    if env::var_os("CARGO_PROFILE_DEV_OPT_LEVEL").is_some() {
        // another profile has other counts
        return;
    }
    let folder = checkout::scratch("instructions");
    let long = steps(folder.path());
    let counts: Vec<(&str, u64)> = RUNS
        .iter()
        .map(|(name, arguments)| {
            let arguments: Vec<String> = arguments.iter().map(|word| word.replace("STEPS", &long)).collect();
            (*name, instructions(&arguments))
        })
        .collect();
    if env::var("SNAPSHOTS").as_deref() == Ok("overwrite") {
        let rows: Vec<String> = counts.iter().map(|(name, count)| format!("{name}\t{count}\n")).collect();
        return fs::write(table(), rows.concat()).expect("the checkout is writable");
    }
    let known = fs::read_to_string(table()).expect("the table is there");
    let mut wrong = Vec::new();
    for (name, count) in counts {
        let row = known.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t')?.parse::<u64>().ok());
        let before = row.unwrap_or_else(|| panic!("`{name}` is not in instructions.tsv"));
        println!("{name}: {count} instructions, {} % of those in the table", count * 100 / before);
        if count > before + before * TOLERANCE / 100 {
            wrong.push(format!("{name}: {count} instructions, {before} before"));
        }
    }
    let advice = "find out why, or update the table: SNAPSHOTS=overwrite cargo test --workspace --test instructions";
    assert!(wrong.is_empty(), "{}\n{advice}", wrong.join("\n"));
}
