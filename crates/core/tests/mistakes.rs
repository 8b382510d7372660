//! The mistakes that people make in pipeline files: each file below `mistakes` says in its first line which rules find
//! something in it, once for each finding, and nothing else may.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use keyless_core::{lint::lint, settings::Settings, text::Source};

const EXPECTATION: &str = "# finds: ";

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_mistake_is_found_by_its_rule_alone() {
    let mut failures = Vec::new();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let expected = text.lines().next().and_then(|line| line.strip_prefix(EXPECTATION)).unwrap_or_default();
        let findings = lint(&Source::new("bitbucket-pipelines.yml", &text), &Settings::default());
        let mut rules: Vec<_> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        rules.sort_unstable();
        let found = rules.join(", ");
        if found != expected {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
            failures.push(format!("{name}: expected {expected}, found {found}: {messages:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
