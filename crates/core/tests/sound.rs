//! Files that are right: nothing at warning or above may be found in the files below `sound`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{fs, path::Path};

use keyless_core::{diagnostic::Severity, lint::lint, settings::Settings, text::Source};

#[test]
fn nothing_is_wrong_with_sound_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sound");
    let mut failures = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let findings = lint(&Source::new("bitbucket-pipelines.yml", &text), &Settings::default());
        for finding in findings.iter().filter(|finding| finding.severity >= Severity::Warning) {
            let line = text[..finding.primary.span.start].matches('\n').count() + 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            failures.push(format!("{name}:{line}: {}: {}", finding.rule, finding.message));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
