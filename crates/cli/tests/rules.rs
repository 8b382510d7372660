//! What `keyless lint` prints for the wrong examples of every rule, in full: `tests/rules/<rule>` has the sessions.
//! `SNAPSHOTS=overwrite` updates them and creates those of new rules.

mod session;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use keyless_core::rules::pipeline::{RULES, Rule};
use snapbox::Redactions;

fn expectations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

#[test]
fn wrong_examples_are_reported_as_written() {
    let failures: Vec<String> =
        RULES.iter().filter_map(|rule| check(rule).err()).map(|error| error.to_string()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_expectation_outlives_its_rule() {
    let kept: BTreeSet<String> =
        fs::read_dir(expectations()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_string()).collect();
    let stale: Vec<_> = kept.difference(&rules).collect();
    assert!(stale.is_empty(), "tests/rules has files of rules that no longer exist: {stale:?}");
}

fn check(rule: &Rule) -> io::Result<()> {
    let expected = expectations().join(rule.id.as_str());
    let mut actual = String::new();
    for example in rule.examples().iter().filter(|example| example.wrong) {
        let scratch = tempfile::tempdir()?;
        fs::write(scratch.path().join(&example.file_name), &example.text)?;
        let policy = match &example.policy {
            Some(policy) => {
                fs::write(scratch.path().join("trust-policy.json"), policy)?;
                " --trust-policy trust-policy.json"
            }
            None => "",
        };
        if let Some(settings) = &example.settings {
            fs::write(scratch.path().join("keyless.yaml"), settings)?;
        }
        let command = format!("$ keyless lint --min-severity hint{policy} {}\n", example.file_name);
        actual.push_str(&session::replay(&command, scratch.path(), &Redactions::new())?);
    }
    session::check(&expected, actual)
}
