//! The threat model names the test that proves each of its claims: all of them exist.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{collections::BTreeSet, fs, path::Path};

use keyless_tests::checkout;

/// The names of tests in a folder of Rust code.
fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).expect("the checkout can be read").filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default();
            if name != "target" && name != "node_modules" && name != "corpus" {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("code is UTF-8");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("#[test]")) {
                let function = lines[at..].iter().take(4).find_map(|line| line.strip_prefix("fn ")).unwrap_or(line);
                found.extend(function.split('(').next().map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_claim_has_a_test() {
    let text = fs::read_to_string(checkout::root().join("docs/threat-model.md")).expect("the checkout can be read");
    let mut tests = BTreeSet::new();
    for folder in ["crates", "pipe", "tests"] {
        collect(&checkout::root().join(folder), &mut tests);
    }
    let mut named = 0;
    for row in text.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 4) {
        let proof = row.rsplit('|').nth(1).unwrap_or_default();
        if proof.trim() == "proved by" {
            continue;
        }
        let proofs: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        assert!(!proofs.is_empty(), "no test proves: {row}");
        for name in proofs {
            assert!(tests.contains(name), "there is no test `{name}`, which is said to prove: {row}");
            named += 1;
        }
    }
    assert!(named > 40, "{named} tests are named");
}
