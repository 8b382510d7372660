//! The YAML layer against the public YAML test suite: valid YAML is read, invalid YAML is rejected. Each
//! disagreement must be listed in `yaml-test-suite/disagreements.tsv` with its reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use keyless_core::yaml::{Limits, Problem, parse};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cases() -> Vec<Value> {
    let install = Command::new("tests/oracles/install.sh").arg("yaml-test-suite").current_dir(root()).status().unwrap();
    assert!(install.success());
    let output = Command::new("node")
        .args(["tests/oracles/yaml-test-suite/cases.mjs", ".tools/oracles/yaml-test-suite"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The known disagreements by case, with their reasons.
fn known() -> BTreeMap<String, String> {
    let table = fs::read_to_string(root().join("tests/oracles/yaml-test-suite/disagreements.tsv")).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| row.split_once('\t')).map(|(case, reason)| (case.to_owned(), reason.to_owned())).collect()
}

#[test]
fn the_suite_is_read_and_refused_as_it_says() {
    let cases = cases();
    assert!(cases.len() > 390, "{}", cases.len());
    let known = known();
    let (mut read, mut refused) = (0, 0);
    let mut surprises = Vec::new();
    let mut agreed = Vec::new();
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let must_fail = case["fail"] == true;
        // Duplicate keys, multiple documents and odd merges are reported too, but they are not syntax errors.
        let (_, problems) = parse(case["yaml"].as_str().unwrap(), Limits::default());
        let fails =
            problems.iter().any(|problem| matches!(problem, Problem::Syntax { .. } | Problem::UnknownAlias { .. }));
        if fails == must_fail {
            *if fails { &mut refused } else { &mut read } += 1;
            if known.contains_key(id) {
                agreed.push(id);
            }
        } else if !known.contains_key(id) {
            surprises.push(format!(
                "{id} {}: must {} {problems:?}",
                case["name"],
                if must_fail { "fail" } else { "pass" }
            ));
        }
    }
    println!("{} cases: {read} read, {refused} refused, {} known disagreements", cases.len(), known.len());
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    assert!(agreed.is_empty(), "no longer disagreements: {agreed:?}");
}
