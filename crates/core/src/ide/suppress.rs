//! A comment that suppresses a finding, where it does so and nothing else.

use crate::{
    diagnostic::{Diagnostic, Edit},
    lint,
    rules::{Group, pipeline},
    settings::Settings,
    text::{Source, Span},
};

/// What the person who suppresses a finding replaces.
pub const REASON: &str = "reason";

/// The edit that suppresses a finding in a pipeline file: a comment at the end of its line, on a line above, or at the top of
/// the file, whichever is the first that works. `None` if none does, and for errors of YAML itself, which keep Bitbucket from
/// reading the file.
///
/// A comment is not possible everywhere, such as inside a quoted text of several lines; so each place is tried, and the result
/// is linted: the finding must be gone, and nothing else may change.
pub fn edit(source: &Source<'_>, settings: &Settings, finding: &Diagnostic) -> Option<Edit> {
    if pipeline::group(finding.rule) == Some(Group::Syntax) {
        return None;
    }
    let text = source.text();
    let count = |text: &str| {
        let found = lint::lint(&Source::new(source.name(), text), settings);
        let of_rule = found.iter().filter(|other| other.rule == finding.rule).count();
        (of_rule, found.len() - of_rule)
    };
    let (of_rule, others) = count(text);
    let comment = format!("# keyless: allow[{}] {REASON}", finding.rule.as_str());
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let line = source.position(finding.primary.span.start).line;
    let above = (1..=line).rev().filter_map(|line| source.line(line)).take(LINES_ABOVE).map(|span| {
        let written = source.slice(span);
        let indent = &written[..written.len() - written.trim_start().len()];
        Edit { span: Span::at(span.start), replacement: format!("{indent}{comment}{line_break}") }
    });
    let end = source.line(line).map(|span| {
        let written = source.slice(span);
        let end = span.start + written.trim_end().len();
        Edit { span: Span::new(end, span.end), replacement: format!("  {comment}") }
    });
    let top = Edit { span: Span::at(source.line(1)?.start), replacement: format!("{comment}{line_break}") };
    end.into_iter().chain(above).chain([top]).find(|edit| {
        let edited = [&text[..edit.span.start], &edit.replacement, &text[edit.span.end..]].concat();
        let (left, other) = count(&edited);
        left < of_rule && other == others
    })
}

/// How many lines above a finding may take the comment.
const LINES_ABOVE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    /// The file after the first finding of a rule is suppressed.
    fn suppressed(text: &str, rule: &str) -> Option<String> {
        let (source, settings) = (Source::new("bitbucket-pipelines.yml", text), Settings::default());
        let found = lint::lint(&source, &settings);
        let finding = found.iter().find(|finding| finding.rule.as_str() == rule)?;
        let edit = edit(&source, &settings, finding)?;
        Some([&text[..edit.span.start], &edit.replacement, &text[edit.span.end..]].concat())
    }

    const HEAD: &str = "image: node:22.12\npipelines:\n  default:\n    - step:\n";

    #[test]
    fn a_comment_goes_to_the_end_of_the_line() {
        let text = format!("{HEAD}        script: [npm ci]\n        oidc: true   \n");
        let expected = text.replace("oidc: true   ", "oidc: true  # keyless: allow[unused-oidc] reason");
        assert_eq!(suppressed(&text, "unused-oidc"), Some(expected));
    }

    #[test]
    fn in_a_script_of_several_lines_it_is_a_comment_of_the_shell() {
        let text = format!(
            "{HEAD}        script:\n          - |\n            npm ci\n            curl https://x.example | sh\n"
        );
        let found = suppressed(&text, "piped-download").unwrap();
        assert!(found.contains("| sh  # keyless: allow[piped-download] reason"), "{found}");
    }

    #[test]
    fn line_ends_stay_as_they_are() {
        let text = format!("{HEAD}        script:\n          - \"curl https://x.example |\n            sh\"\n")
            .replace('\n', "\r\n");
        let found = suppressed(&text, "piped-download").unwrap();
        assert!(found.contains("# keyless: allow[piped-download] reason\r\n"), "{found}");
        assert_eq!(found.matches('\n').count(), found.matches("\r\n").count());
    }

    #[test]
    fn a_file_that_is_no_yaml_has_no_place_for_it() {
        assert_eq!(suppressed("pipelines:\n  default: [\n", "yaml-syntax"), None);
    }
}
