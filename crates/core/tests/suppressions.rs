//! Which findings suppressions and levels leave.

use keyless_core::{
    diagnostic::Severity,
    lint::lint,
    settings::{Level, Settings},
    text::Source,
};

/// The findings of a pipeline as "rule line", without hints of other rules than the one that the cases are about.
fn found(text: &str, settings: &Settings) -> Vec<String> {
    let source = Source::new("bitbucket-pipelines.yml", text);
    let found = lint(&source, settings);
    found
        .iter()
        .filter(|finding| finding.severity > Severity::Hint || finding.rule.as_str().ends_with("suppression"))
        .map(|finding| format!("{} {}", finding.rule, source.position(finding.primary.span.start).line))
        .collect()
}

/// Two steps with a pipe without a version.
const PIPELINE: &str = "\
pipelines:
  default:
    - step:
        name: one
        script:
          - pipe: atlassian/slack-notify
            variables: {WEBHOOK_URL: $A, MESSAGE: a}
    - step:
        script:
          - pipe: atlassian/trigger-pipeline
            variables: {BITBUCKET_ACCESS_TOKEN: $B, REPOSITORY: shop}
";

/// `PIPELINE` with a comment on its own line above the line with `above`, indented like it, or at the end of that line.
fn with(comment: &str, at: &str, own_line: bool) -> String {
    let line = PIPELINE.lines().find(|line| line.contains(at)).unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    let changed = if own_line { format!("{indent}{comment}\n{line}") } else { format!("{line} {comment}") };
    PIPELINE.replacen(line, &changed, 1)
}

#[test]
fn suppressions_cover_lines_items_and_files() {
    let comment = "# keyless: allow[unpinned-pipe] pinned by our mirror";
    for (text, expected) in [
        (PIPELINE.to_owned(), &["unpinned-pipe 6", "unpinned-pipe 10"][..]),
        (with(comment, "slack", false), &["unpinned-pipe 10"]),
        (with(comment, "slack", true), &["unpinned-pipe 11"]),
        (with(comment, "script", true), &["unpinned-pipe 11"]),
        (with(comment, "- step", true), &["unpinned-pipe 11"]),
        (with(comment, "default", true), &[]),
        (with(comment, "pipelines:", true), &[]),
        (with(&comment.replace("unpinned-pipe", "pipes"), "pipelines:", true), &[]),
        (
            with(&comment.replace("unpinned-pipe", "stored-keys, unpinned-pipe"), "slack", false),
            &["unused-suppression 6", "unpinned-pipe 10"],
        ),
        (with(comment, "name", true), &["unused-suppression 4", "unpinned-pipe 7", "unpinned-pipe 11"]),
        (
            with("# keyless: allow[unpinned-pip]", "slack", false),
            &["unpinned-pipe 6", "unknown-suppression 6", "unpinned-pipe 10"],
        ),
        (
            with("# keyless: disable=unpinned-pipe", "slack", false),
            &["unpinned-pipe 6", "unknown-suppression 6", "unpinned-pipe 10"],
        ),
        (with("# about keyless: it lints", "slack", false), &["unpinned-pipe 6", "unpinned-pipe 10"]),
    ] {
        assert_eq!(found(&text, &Settings::default()), expected, "{text}");
    }
}

#[test]
fn a_suppression_at_a_use_of_an_anchor_holds_for_that_use() {
    const ABOVE: &str = "    ";
    let shared = |above: &str, first: &str, second: &str| {
        format!(
            "definitions:\n  steps:\n{ABOVE}{above}\n    - step: &notify\n        script:\n          - pipe: atlassian/slack-notify\n            \
             variables: {{WEBHOOK_URL: $A, MESSAGE: a}}\npipelines:\n  branches:\n    main:\n      - step: *notify {first}\n    \
             dev:\n      - step: *notify {second}\n"
        )
    };
    let comment = "# keyless: allow[unpinned-pipe] pinned by our mirror";
    for (text, expected) in [
        (shared("", "", ""), &["unpinned-pipe 6"][..]),
        (shared("", comment, ""), &["unpinned-pipe 6"]),
        (shared("", comment, comment), &[]),
        (shared(comment, "", ""), &[]),
    ] {
        assert_eq!(found(&text, &Settings::default()), expected, "{text}");
    }
    // The use that is accepted is not listed.
    let text = shared("", comment, "");
    let source = Source::new("bitbucket-pipelines.yml", &text);
    let findings = lint(&source, &Settings::default());
    let finding = findings.iter().find(|finding| finding.rule.as_str() == "unpinned-pipe").unwrap();
    let uses: Vec<usize> = finding.related.iter().map(|label| source.position(label.span.start).line).collect();
    assert_eq!(uses, [13]);
}

#[test]
fn levels_turn_rules_off_and_change_severities() {
    let level = |name: &str, level: Level| Settings { rules: [(name.to_owned(), level)].into(), ..Settings::default() };
    assert_eq!(found(PIPELINE, &level("unpinned-pipe", Level::Off)), Vec::<String>::new());
    assert_eq!(found(PIPELINE, &level("pipes", Level::Hint)), Vec::<String>::new());
    let source = Source::new("bitbucket-pipelines.yml", PIPELINE);
    let errors = lint(&source, &level("pipes", Level::Error));
    assert!(
        errors.iter().any(|finding| finding.rule.as_str() == "unpinned-pipe" && finding.severity == Severity::Error)
    );
    // The id of a rule says more than the name of its group.
    let mut both = level("pipes", Level::Off);
    both.rules.insert("unpinned-pipe".to_owned(), Level::Warning);
    assert_eq!(found(PIPELINE, &both).len(), 2);
    let selected = Settings { selected: Some(vec!["stored-keys".to_owned()]), ..Settings::default() };
    assert_eq!(found(PIPELINE, &selected), Vec::<String>::new());
    // What a rule that is off would find is unknown, so that no suppression of it is unused.
    let text = with("# keyless: allow[stored-keys] none", "slack", false);
    assert_eq!(found(&text, &level("stored-keys", Level::Off)), ["unpinned-pipe 6", "unpinned-pipe 10"]);
}
