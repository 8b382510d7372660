//! The text report, for people: a line with place, rule and message for each finding, then what helps to fix it.
//!
//! Errors and warnings show the line that they are about. Hints do not: their messages name the thing, and there are
//! many of them. Related places are listed by line.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};
use keyless_core::{
    diagnostic::{Diagnostic, Label, Severity},
    text::{Position, Source, Span},
};

use super::{Counts, Report};
use crate::{linted::LintedFile, rules_command, streams::Look};

/// A line of more bytes than this is not shown: nobody reads it, and its column says enough.
const LINE_LIMIT: usize = 1000;

/// How many related lines are listed with one label.
const LISTED_LINES: usize = 10;

/// A report of more findings than this ends with the number of findings of each rule.
const FEW: usize = 5;

/// Writes all findings, the number of each rule's findings if there are many, and the last line.
pub(super) fn write(report: &Report, look: Look, output: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        write_file(file, look, output)?;
    }
    if report.quiet {
        return Ok(());
    }
    if report.shown.total() > FEW {
        writeln!(output, "\n{}", by_rule(report))?;
    }
    writeln!(output, "{}", summary(report))
}

const fn renderer(look: Look) -> Renderer {
    if look.colors { Renderer::styled() } else { Renderer::plain() }
}

/// Writes the findings of a file.
pub(super) fn write_file(file: &LintedFile, look: Look, output: &mut dyn Write) -> io::Result<()> {
    let source = file.source();
    file.diagnostics.iter().try_for_each(|diagnostic| writeln!(output, "{}", finding(&source, diagnostic, look)))
}

/// A finding: `FILE:LINE:COLUMN: error[rule]: message`, and its lines below.
pub(super) fn finding(source: &Source<'_>, diagnostic: &Diagnostic, look: Look) -> String {
    let mut text = title(source, diagnostic, look);
    let body = renderer(look).render(&[details(source, diagnostic)]);
    for line in body.lines().filter(|line| !is_empty_margin(line)) {
        text.push('\n');
        text.push_str(line);
    }
    text
}

/// Place, severity, rule and message: `FILE:LINE:COLUMN: error[rule]: message`.
pub(super) fn title(source: &Source<'_>, diagnostic: &Diagnostic, look: Look) -> String {
    let Position { line, column } = source.position(diagnostic.primary.span.start);
    let mut title = level(diagnostic).primary_title(&*diagnostic.message).id(diagnostic.rule.as_str());
    if look.links {
        title = title.id_url(rules_command::page(diagnostic.rule));
    }
    let title = renderer(look).render(&[Group::with_title(title)]);
    format!("{}:{line}:{column}: {title}", normalize_untrusted_str(source.name()))
}

fn level(diagnostic: &Diagnostic) -> Level<'static> {
    match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::NOTE.with_name(Severity::Hint.name()),
    }
}

/// The line of a finding, its related places and its help.
fn details<'a>(source: &'a Source<'_>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let mut group = Group::with_level(level(diagnostic));
    let place = Place::new(source, diagnostic.primary.span);
    let (shown, listed): (Vec<_>, Vec<_>) =
        diagnostic.related.iter().partition(|label| place.line_of(source, label.span).is_some());
    let marked = diagnostic.severity > Severity::Hint || !diagnostic.primary.message.is_empty();
    if marked && place.window.len() <= LINE_LIMIT {
        group = group.element(place.snippet(source, &diagnostic.primary, &shown));
    }
    for note in related(source, &listed) {
        group = group.element(Level::NOTE.message(note));
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(normalize_untrusted_str(help))),
        None => group,
    }
}

/// The line that a finding is about.
struct Place {
    number: usize,
    window: Span,
}

impl Place {
    /// The first line of a range.
    fn new(source: &Source<'_>, span: Span) -> Self {
        let number = source.position(span.start).line;
        Self { number, window: source.line(number).unwrap_or(Span::at(span.start)) }
    }

    /// A range in it, if it starts there.
    fn line_of(&self, source: &Source<'_>, span: Span) -> Option<Span> {
        (source.position(span.start).line == self.number).then_some(span)
    }

    fn snippet<'a>(
        &self,
        source: &'a Source<'_>,
        primary: &'a Label,
        others: &[&'a Label],
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let annotation = |kind: AnnotationKind, label: &'a Label| {
            let Span { start, end } = self.window;
            let [from, to] = [label.span.start, label.span.end].map(|at| at.clamp(start, end) - start);
            let annotation = kind.span(from..to);
            match &*label.message {
                "" => annotation,
                message => annotation.label(message),
            }
        };
        let others = others.iter().map(|label| annotation(AnnotationKind::Context, label));
        Snippet::source(source.slice(self.window))
            .line_start(self.number)
            .annotation(annotation(AnnotationKind::Primary, primary))
            .annotations(others)
    }
}

/// Related places, one note for each label: `also here: lines 12, 49`.
fn related(source: &Source<'_>, labels: &[&Label]) -> Vec<String> {
    let mut lines: Vec<(&Cow<'static, str>, Vec<usize>)> = Vec::new();
    for label in labels {
        let line = source.position(label.span.start).line;
        match lines.iter_mut().find(|(message, _)| *message == &label.message) {
            Some((_, known)) => known.push(line),
            None => lines.push((&label.message, vec![line])),
        }
    }
    lines
        .into_iter()
        .map(|(message, lines)| format!("{}: {}", normalize_untrusted_str(message), listed(lines)))
        .collect()
}

fn listed(mut lines: Vec<usize>) -> String {
    lines.sort_unstable();
    lines.dedup();
    if let [line] = lines.as_slice() {
        return format!("line {line}");
    }
    let more = lines.len().saturating_sub(LISTED_LINES);
    let numbers: Vec<_> = lines.iter().take(LISTED_LINES).map(usize::to_string).collect();
    let numbers = numbers.join(", ");
    if more > 0 { format!("lines {numbers} and {more} more") } else { format!("lines {numbers}") }
}

/// Whether a rendered line has nothing but the border of the line numbers, which only makes room.
fn is_empty_margin(line: &str) -> bool {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        // a style: `ESC [ … m`
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    matches!(text.trim(), "" | "|")
}

/// How many findings each rule has, the most frequent first: `by rule: 4 unpinned-image, 2 stored-keys`.
fn by_rule(report: &Report) -> String {
    let counts: Vec<_> = report.by_rule().into_iter().map(|(rule, count)| format!("{count} {rule}")).collect();
    format!("by rule: {}", counts.join(", "))
}

/// The last line: `2 errors, 1 warning in 1 file; 1 fixable with --fix; 3 hints not shown (--min-severity hint)`.
pub(super) fn summary(report: &Report) -> String {
    let (counts, notes) = summary_parts(report);
    [vec![counts], notes].concat().join("; ")
}

/// How many findings there are, and what else the last line says about them.
pub(super) fn summary_parts(report: &Report) -> (String, Vec<String>) {
    let shown = match report.shown.total() {
        0 => "no findings".to_owned(),
        _ => list(report.shown),
    };
    let mut notes = Vec::new();
    if report.fixed > 0 {
        notes.push(format!("{} fixed", counted(report.fixed, "finding")));
    }
    if report.fixable > 0 {
        notes.push(format!("{} fixable with --fix", report.fixable));
    }
    if report.hidden.total() > 0 {
        let lowest = if report.hidden.hints > 0 { Severity::Hint } else { Severity::Warning };
        notes.push(format!("{} not shown (--min-severity {lowest})", list(report.hidden)));
    }
    (format!("{shown} in {}", counted(report.checked, "file")), notes)
}

fn list(counts: Counts) -> String {
    let Counts { errors, warnings, hints } = counts;
    let counted = [(errors, "error"), (warnings, "warning"), (hints, "hint")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count, noun))
        .collect::<Vec<_>>();
    counted.join(", ")
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyless_core::diagnostic::RuleId;

    fn rendered(source: &Source<'_>, diagnostic: &Diagnostic) -> String {
        finding(source, diagnostic, Look::default())
    }

    fn finding_at(start: usize, end: usize, severity: Severity) -> Diagnostic {
        Diagnostic::new(RuleId::new("duplicate-key"), severity, Span::new(start, end), "twice")
    }

    #[test]
    fn every_range_of_a_nasty_text_is_shown_at_its_position() {
        let text = "\u{feff}a: b\r\n\tß:\n\n  # \u{1b}[31m \u{7}\r\n- 漢字 e\u{301}\u{200b}\n\n";
        let source = Source::new("f.yml", text);
        let boundaries: Vec<usize> = (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect();
        for (index, &start) in boundaries.iter().enumerate() {
            if text[..start].ends_with('\r') {
                continue; // nothing begins in the middle of a line break
            }
            for &end in &boundaries[index..] {
                let mut diagnostic = finding_at(start, end, Severity::Error);
                diagnostic.label("here");
                let report = rendered(&source, &diagnostic);
                let Position { line, column } = source.position(start);
                let title = format!("f.yml:{line}:{column}: error[duplicate-key]: twice\n");
                assert!(report.starts_with(&title), "{start}..{end}\n{report}");
                assert!(report.contains("here"), "{start}..{end}\n{report}");
                assert!(!report.contains(['\u{1b}', '\u{7}']), "{start}..{end}\n{report}");
            }
        }
    }

    #[test]
    fn related_places_are_listed_by_line() {
        let text = "first: 1\n".to_owned() + &"\n".repeat(8) + "second: 2\nthird: 3\n";
        let source = Source::new("f.yml", &text);
        let at = text.find("second").unwrap();
        let mut diagnostic = finding_at(at, at + 6, Severity::Error);
        diagnostic.related(Span::new(0, 5), "also here").related(Span::new(at + 10, at + 15), "also here");
        diagnostic.related(Span::new(at + 8, at + 9), "its value").help("remove one");
        let expected = "\
f.yml:10:1: error[duplicate-key]: twice
10 | second: 2
   | ^^^^^^  - its value
   = note: also here: lines 1, 11
   = help: remove one";
        assert_eq!(rendered(&source, &diagnostic), expected);
    }

    #[test]
    fn hints_are_short() {
        let source = Source::new("f.yml", "a: 1\na: 2\n");
        let mut diagnostic = finding_at(5, 6, Severity::Hint);
        diagnostic.help("remove one");
        let expected = "\
f.yml:2:1: hint[duplicate-key]: twice
 = help: remove one";
        assert_eq!(rendered(&source, &diagnostic), expected);
    }

    #[test]
    fn a_line_too_long_to_read_is_named_only() {
        let text = "[".repeat(100_000);
        let mut diagnostic = finding_at(70_000, 70_001, Severity::Error);
        diagnostic.help("remove one");
        let expected = "\
f.yml:1:70001: error[duplicate-key]: twice
 = help: remove one";
        assert_eq!(rendered(&Source::new("f.yml", &text), &diagnostic), expected);
    }

    #[test]
    fn colors_leave_no_empty_margins() {
        let source = Source::new("f.yml", "a: 1\na: 2\n");
        let mut diagnostic = finding_at(5, 6, Severity::Warning);
        diagnostic.help("remove one");
        let report = finding(&source, &diagnostic, Look { colors: true, links: true });
        assert_eq!(report.lines().count(), 4, "{report}");
    }

    #[test]
    fn many_lines_are_counted() {
        assert_eq!(listed((1..=13).collect()), "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more");
        assert_eq!(listed(vec![7, 7]), "line 7");
    }
}
