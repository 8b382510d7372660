//! keyless against Atlassian's own JSON schema, through `check-jsonschema`: what the schema rejects, keyless rejects too.
//! Exceptions are listed in `official-schema/exceptions.tsv`, each with its reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod settings_schema;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use keyless_core::{diagnostic::Severity, lint::lint, rules::pipeline::RULES, settings::Settings, text::Source};
use serde_json::Value;

const JUDGE: &str = ".tools/py/bin/check-jsonschema";

/// Files on which check-jsonschema never ends: it follows recursive aliases forever.
const DEADLY: [&str; 2] = ["recursive-alias", "alias-bomb"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All pipeline files of the project's examples and fixtures, by name.
fn fixtures() -> BTreeMap<String, String> {
    let mut fixtures = BTreeMap::new();
    for rule in RULES.iter() {
        for (index, example) in rule.examples().into_iter().enumerate() {
            let kind = if example.wrong { "wrong" } else { "right" };
            fixtures.insert(format!("{}.{index}.{kind}.yml", rule.id), example.text);
        }
    }
    for folder in ["crates/core/tests/mistakes", "tests/oracles/official-schema/files"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            fixtures.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    fixtures.retain(|name, _| !DEADLY.iter().any(|deadly| name.contains(deadly)));
    fixtures
}

/// The files that the schema rejects or that its reader cannot read.
fn refused_by_schema(folder: &Path, names: &[&String]) -> BTreeSet<String> {
    let output = Command::new(root().join(JUDGE))
        .args(["--builtin-schema", "vendor.bitbucket-pipelines", "--output-format", "json", "--no-cache"])
        .args(names)
        .current_dir(folder)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    });
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(|error| Some(error.get("filename")?.as_str()?.to_owned())).collect()
    };
    let (errors, parse_errors) = (names(&report["errors"]), names(&report["parse_errors"]));
    errors.into_iter().chain(parse_errors).collect()
}

fn is_refused(text: &str) -> bool {
    let findings = lint(&Source::new("bitbucket-pipelines.yml", text), &Settings::default());
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

fn exceptions() -> BTreeMap<String, String> {
    let table = fs::read_to_string(root().join("tests/oracles/official-schema/exceptions.tsv")).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| row.split_once('\t')).map(|(file, reason)| (file.to_owned(), reason.to_owned())).collect()
}

#[test]
fn what_the_schema_refuses_is_refused() {
    let fixtures = fixtures();
    let exceptions = exceptions();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &fixtures {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let refused = refused_by_schema(folder.path(), &fixtures.keys().collect::<Vec<_>>());
    let missed: Vec<_> = refused.iter().filter(|name| !is_refused(&fixtures[*name])).collect();
    let only_ours = fixtures.iter().filter(|(name, text)| !refused.contains(*name) && is_refused(text)).count();
    println!(
        "{} files: the schema refuses {}, keyless alone {only_ours}, exceptions {}",
        fixtures.len(),
        refused.len(),
        exceptions.len()
    );
    let unexplained: Vec<_> = missed.iter().filter(|name| !exceptions.contains_key(**name)).collect();
    assert!(unexplained.is_empty(), "the schema rejects these files and keyless does not: {unexplained:?}");
    let stale: Vec<_> = exceptions.keys().filter(|name| !missed.contains(name)).collect();
    assert!(stale.is_empty(), "no longer exceptions: {stale:?}");
}
