//! Pipeline files with all that is found in them, from the files in `lint`.
//!
//! A case is `NAME.yml`, or `NAME.yml` with the settings in `NAME.settings.json`, and `NAME.txt` with the findings,
//! which `SNAPSHOTS=overwrite` updates.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod migrate;
mod permissions;

use std::{fmt::Write as _, fs, path::PathBuf};

use keyless_core::{
    diagnostic::Safety,
    lint::lint,
    settings::Settings,
    text::{Source, Span},
};
use snapbox::{Assert, Data, IntoData, assert::DEFAULT_ACTION_ENV};

fn render(source: &Source<'_>, settings: &Settings) -> String {
    let place = |span: Span| {
        let (start, end) = (source.position(span.start), source.position(span.end));
        format!("{}:{}-{}:{} `{}`", start.line, start.column, end.line, end.column, source.slice(span).escape_debug())
    };
    let mut out = String::new();
    for finding in lint(source, settings) {
        writeln!(out, "{}[{}]: {}", finding.severity, finding.rule, finding.message).unwrap();
        writeln!(out, "  at {} {}", place(finding.primary.span), finding.primary.message).unwrap();
        for label in &finding.related {
            writeln!(out, "  see {} {}", place(label.span), label.message).unwrap();
        }
        for line in finding.help.iter().flat_map(|help| help.lines()) {
            writeln!(out, "  help: {line}").unwrap();
        }
        if let Some(fix) = &finding.fix {
            let safety = if fix.safety == Safety::Safe { "safe" } else { "unsafe" };
            writeln!(out, "  fix ({safety}): {}", fix.title).unwrap();
            for edit in &fix.edits {
                writeln!(out, "    {} -> `{}`", place(edit.span), edit.replacement.escape_debug()).unwrap();
            }
        }
    }
    out.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn files_are_linted_in_full() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lint");
    let mut cases: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    cases.sort();
    let assert = Assert::new().action_env(DEFAULT_ACTION_ENV);
    let mut wrong = Vec::new();
    for path in &cases {
        let text = fs::read_to_string(path).unwrap();
        let settings = fs::read_to_string(path.with_extension("settings.json"))
            .map_or_else(|_| Settings::default(), |json| serde_json::from_str(&json).unwrap());
        let actual = render(&Source::new("bitbucket-pipelines.yml", &text), &settings);
        let expected = Data::read_from(&path.with_extension("txt"), None).raw();
        wrong.extend(assert.try_eq(None, actual.into_data(), expected).err().map(|error| error.to_string()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 6, "only {} cases", cases.len());
}
