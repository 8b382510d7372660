//! The text report: each finding with the lines that it is about, and a last line that counts them.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};
use keyless_core::{
    diagnostic::{Diagnostic, Label, Severity},
    text::{Position, Source, Span},
};

use super::{Counts, Report};
use crate::linted::LintedFile;

/// Places further apart than this many lines are shown separately.
const GAP: usize = 40;

/// A line of more bytes than this is named and not shown: nobody reads it, and its columns say enough.
const LINE_LIMIT: usize = 1000;

/// Writes all findings and the last line.
pub(super) fn write(report: &Report, colors: bool, output: &mut dyn Write) -> io::Result<()> {
    let renderer = if colors { Renderer::styled() } else { Renderer::plain() };
    for file in &report.files {
        write_file(file, &renderer, output)?;
    }
    writeln!(output, "{}", summary(report))
}

fn write_file(file: &LintedFile, renderer: &Renderer, output: &mut dyn Write) -> io::Result<()> {
    let source = file.source();
    for diagnostic in &file.diagnostics {
        writeln!(output, "{}\n", renderer.render(&[group(&source, diagnostic)]))?;
    }
    Ok(())
}

fn group<'a>(source: &'a Source<'_>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::NOTE.with_name(Severity::Hint.name()),
    };
    let title = level.primary_title(&*diagnostic.message).id(diagnostic.rule.as_str());
    let group = title.elements(pieces(source, diagnostic));
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(normalize_untrusted_str(help))),
        None => group,
    }
}

/// The places of a finding, those that lie together in one piece of the text.
fn pieces<'a>(source: &'a Source<'_>, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let primary = (AnnotationKind::Primary, &diagnostic.primary);
    let related = diagnostic.related.iter().map(|label| (AnnotationKind::Context, label));
    let mut marks: Vec<Mark<'a>> =
        std::iter::once(primary).chain(related).map(|(kind, label)| Mark::new(source, kind, label)).collect();
    marks.sort_by_key(|mark| mark.first_line);

    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for mark in marks {
        match pieces.last_mut() {
            Some(piece) if mark.first_line <= piece.last_line + GAP => piece.add(mark),
            _ => pieces.push(Piece::of(mark)),
        }
    }
    // the piece with the place itself comes first, as the report is filed under it
    pieces.sort_by_key(|piece| !piece.is_primary());
    pieces.into_iter().map(|piece| piece.element(source)).collect()
}

/// A place with its lines.
struct Mark<'a> {
    kind: AnnotationKind,
    label: &'a Label,
    first_line: usize,
    last_line: usize,
}

impl<'a> Mark<'a> {
    fn new(source: &Source<'_>, kind: AnnotationKind, label: &'a Label) -> Self {
        let Span { start, end } = label.span;
        // the line break at the end of a range belongs to the line that it ends
        let last = if end > start { end - 1 } else { end };
        Self { kind, label, first_line: source.position(start).line, last_line: source.position(last).line }
    }
}

/// Lines that are shown together.
struct Piece<'a> {
    marks: Vec<Mark<'a>>,
    first_line: usize,
    last_line: usize,
}

impl<'a> Piece<'a> {
    fn of(mark: Mark<'a>) -> Self {
        Self { first_line: mark.first_line, last_line: mark.last_line, marks: vec![mark] }
    }

    fn add(&mut self, mark: Mark<'a>) {
        self.last_line = self.last_line.max(mark.last_line);
        self.marks.push(mark);
    }

    fn is_primary(&self) -> bool {
        self.marks.iter().any(|mark| matches!(mark.kind, AnnotationKind::Primary))
    }

    fn element(self, source: &'a Source<'_>) -> Element<'a> {
        let lines = || (self.first_line..=self.last_line).filter_map(|line| source.line(line));
        if lines().any(|line| line.len() > LINE_LIMIT) {
            return self.origin(source);
        }
        let window = lines().fold(Span::at(lines().next().map_or(0, |line| line.start)), Span::cover);
        let annotations = self.marks.iter().map(|mark| {
            // the break at the end of the last line is not part of the window
            let [start, end] = [mark.label.span.start, mark.label.span.end]
                .map(|at| at.clamp(window.start, window.end) - window.start);
            let annotation: Annotation<'_> = mark.kind.span(start..end);
            match &*mark.label.message {
                "" => annotation,
                message => annotation.label(message),
            }
        });
        Snippet::source(source.slice(window))
            .path(source.name())
            .line_start(self.first_line)
            .annotations(annotations)
            .into()
    }

    /// The place alone, without its text.
    fn origin(&self, source: &Source<'a>) -> Element<'a> {
        let first = self.marks.iter().find(|mark| matches!(mark.kind, AnnotationKind::Primary)).or(self.marks.first());
        let Position { line, column } = source.position(first.map_or(0, |mark| mark.label.span.start));
        Origin::path(Cow::Borrowed(source.name())).line(line).char_column(column).into()
    }
}

/// The last line: `2 errors, 1 warning in 1 file; 1 fixable with --fix; 3 hints not shown (--min-severity hint)`.
pub(super) fn summary(report: &Report) -> String {
    let shown = match report.shown.total() {
        0 => "no findings".to_owned(),
        _ => list(report.shown),
    };
    let mut parts = vec![format!("{shown} in {}", counted(report.files.len(), "file"))];
    if report.fixed > 0 {
        parts.push(format!("{} fixed", counted(report.fixed, "finding")));
    }
    if report.fixable > 0 {
        parts.push(format!("{} fixable with --fix", report.fixable));
    }
    if report.hidden.total() > 0 {
        let lowest = if report.hidden.hints > 0 { Severity::Hint } else { Severity::Warning };
        parts.push(format!("{} not shown (--min-severity {lowest})", list(report.hidden)));
    }
    parts.join("; ")
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
        Renderer::plain().render(&[group(source, diagnostic)])
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
                let mut diagnostic = Diagnostic::new(RuleId::new("x"), Severity::Error, Span::new(start, end), "y");
                diagnostic.label("here");
                let report = rendered(&source, &diagnostic);
                let Position { line, column } = source.position(start);
                assert!(report.contains(&format!("--> f.yml:{line}:{column}\n")), "{start}..{end}\n{report}");
                assert!(report.contains("here"), "{start}..{end}\n{report}");
                assert!(!report.contains(['\u{1b}', '\u{7}']), "{start}..{end}\n{report}");
            }
        }
    }

    #[test]
    fn far_places_are_pieces_of_their_own_and_the_finding_comes_first() {
        let text = "first: 1\n".to_owned() + &"\n".repeat(500) + "second: 2\n";
        let source = Source::new("f.yml", &text);
        let at = text.find("second").unwrap();
        let mut diagnostic =
            Diagnostic::new(RuleId::new("duplicate-key"), Severity::Error, Span::new(at, at + 6), "twice");
        diagnostic.related(Span::new(0, 5), "the first one");
        let expected = "\
error[duplicate-key]: twice
   --> f.yml:502:1
    |
502 | second: 2
    | ^^^^^^
    |
   ::: f.yml:1:1
    |
  1 | first: 1
    | ----- the first one";
        assert_eq!(rendered(&source, &diagnostic), expected);
    }

    #[test]
    fn a_line_too_long_to_read_is_named_only() {
        let text = "[".repeat(100_000);
        let place = Span::new(70_000, 70_001);
        let mut diagnostic = Diagnostic::new(RuleId::new("too-deep"), Severity::Error, place, "deep");
        diagnostic.help("flat");
        let expected = "\
error[too-deep]: deep
--> f.yml:1:70001
 = help: flat";
        assert_eq!(rendered(&Source::new("f.yml", &text), &diagnostic), expected);
    }
}
