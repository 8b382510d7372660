//! A comment that suppresses a finding, where it does so and changes nothing else.

use crate::{
    analysis::{Analysis, ParsedFile},
    diagnostic::{Diagnostic, Edit, RuleId},
    lint,
    rules::{Group, pipeline},
    settings::Settings,
    text::{Source, Span},
    yaml::{Kind, Style},
};

/// What the person who suppresses a finding replaces.
pub const REASON: &str = "reason";

/// How many lines above a finding may take the comment.
const LINES_ABOVE: usize = 3;

/// A pipeline file whose findings may be suppressed.
pub struct Suppressing<'s> {
    source: &'s Source<'s>,
    settings: &'s Settings,
    before: Reading,
}

/// What a comment must not change.
#[derive(PartialEq, Eq)]
struct Meaning {
    /// Every scalar of the file, those that a script may have as a block without their text.
    scalars: Vec<Option<String>>,
    /// Every command of every script: its words and redirections, as far as they are literal.
    commands: Vec<Vec<Option<String>>>,
}

struct Reading {
    meaning: Meaning,
    /// Each finding's rule and place.
    findings: Vec<(RuleId, usize)>,
}

impl<'s> Suppressing<'s> {
    /// Reads a file.
    pub fn new(source: &'s Source<'s>, settings: &'s Settings) -> Self {
        Self { source, settings, before: read(source, settings) }
    }

    /// The edit that suppresses one finding: a comment at the end of its line, on a line above, or at the top of the file,
    /// whichever is the first that works. `None` if none does, and for errors of YAML itself, which keep Bitbucket from reading
    /// the file.
    ///
    /// A comment is not possible everywhere: in a quoted text it would become a part of a command, and after `\` it would end
    /// one. So each place is tried, and the result is read again: the commands must be the same, and exactly this finding gone.
    pub fn edit(&self, finding: &Diagnostic) -> Option<Edit> {
        if !is_possible(finding) {
            return None;
        }
        self.places(finding).into_iter().find(|edit| {
            let text = self.source.text();
            let edited = [&text[..edit.span.start], &edit.replacement, &text[edit.span.end..]].concat();
            let after = read(&Source::new(self.source.name(), &edited), self.settings);
            let longer = edit.replacement.len().saturating_sub(edit.span.len());
            let moved = |at: usize| if at >= edit.span.start { at + longer } else { at };
            let own = (finding.rule, finding.primary.span.start);
            let others = self.before.findings.iter().filter(|other| **other != own);
            after.meaning == self.before.meaning
                && after.findings.len() + 1 == self.before.findings.len()
                && others.map(|(rule, at)| (*rule, moved(*at))).eq(after.findings.iter().copied())
        })
    }

    fn places(&self, finding: &Diagnostic) -> Vec<Edit> {
        let source = self.source;
        let comment = format!("# keyless: allow[{}] {REASON}", finding.rule.as_str());
        let line_break = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
        let line = source.position(finding.primary.span.start).line;
        let behind = source.line(line).map(|span| {
            let end = span.start + source.slice(span).trim_end().len();
            Edit { span: Span::new(end, span.end), replacement: format!("  {comment}") }
        });
        let above = (1..=line).rev().filter_map(|line| source.line(line)).take(LINES_ABOVE).map(|span| {
            let written = source.slice(span);
            let indent = &written[..written.len() - written.trim_start().len()];
            Edit { span: Span::at(span.start), replacement: format!("{indent}{comment}{line_break}") }
        });
        let top = source
            .line(1)
            .map(|span| Edit { span: Span::at(span.start), replacement: format!("{comment}{line_break}") });
        behind.into_iter().chain(above).chain(top).collect()
    }
}

/// Whether a comment may suppress a finding at all. Errors of YAML itself keep Bitbucket from reading the file.
pub fn is_possible(finding: &Diagnostic) -> bool {
    pipeline::group(finding.rule) != Some(Group::Syntax)
}

fn read(source: &Source<'_>, settings: &Settings) -> Reading {
    let parsed = ParsedFile::new(source);
    let analysis = Analysis::new(&parsed, settings);
    let findings = lint::findings(&analysis);
    let findings = findings.iter().map(|finding| (finding.rule, finding.primary.span.start)).collect();
    let tree = analysis.tree;
    let scalars = tree.ids().filter_map(|id| match &tree.node(id).kind {
        // a comment of the shell is a part of a block, and what the shell makes of it is compared below
        Kind::Scalar(scalar) if matches!(scalar.style, Style::Literal | Style::Folded) => Some(None),
        Kind::Scalar(scalar) => Some(Some(scalar.value.clone())),
        _ => None,
    });
    let scalars = scalars.collect();
    let scripts = analysis.steps().flat_map(|(_, facts)| &facts.sections).flat_map(|section| &section.script.commands);
    let words = scripts.map(|command| {
        let targets = command.redirections.iter().map(|redirection| &redirection.target);
        let all = command.words.iter().chain(targets).chain(command.assignments.iter().map(|it| &it.value));
        all.map(|word| word.literal().map(std::borrow::Cow::into_owned)).collect()
    });
    let commands = words.collect();
    Reading { meaning: Meaning { scalars, commands }, findings }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file after the first finding of a rule is suppressed.
    fn suppressed(text: &str, rule: &str) -> Option<String> {
        let (source, settings) = (Source::new("bitbucket-pipelines.yml", text), Settings::default());
        let found = lint::lint(&source, &settings);
        let finding = found.iter().find(|finding| finding.rule.as_str() == rule).expect("the file has the finding");
        let edit = Suppressing::new(&source, &settings).edit(finding)?;
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
    fn commands_stay_as_they_are() {
        // In quotes over several lines, before a line that goes on, in a here-document: the commands are as before.
        for (rule, commands) in [
            ("piped-download", "- \"curl https://x.example | sh;\n            npm test\"\n"),
            ("piped-download", "curl https://x.example \\\n              | sh\n            npm test\n"),
            ("secret-in-file", "cat > install.sh <<EOF\n            AKIAQWERTYUIOPASDFGH\n            EOF\n"),
        ] {
            let block = if commands.starts_with("- ") { "" } else { "- |\n            " };
            let text = format!("{HEAD}        script:\n          {block}{commands}");
            let found = suppressed(&text, rule).unwrap_or_else(|| text.clone());
            assert!(found.contains(commands), "{found}");
        }
    }

    #[test]
    fn one_comment_suppresses_one_finding() {
        let text = format!("{HEAD}        script: [curl https://a.example | sh, curl https://b.example | sh]\n");
        assert_eq!(suppressed(&text, "piped-download"), None);
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
    fn errors_of_yaml_are_not_suppressed() {
        assert_eq!(suppressed("pipelines:\n  default: [\n", "yaml-syntax"), None);
    }
}
