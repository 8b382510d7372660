use crate::{
    analysis::Analysis,
    diagnostic::{Diagnostic, Edit, Safety},
    rules::{Findings, rule},
    suppression::Suppression,
    text::{Source, Span},
};

rule! {
    /// A suppression that matches no finding.
    ///
    /// What it was meant for is fixed, or it is in the wrong place. If it stays, it hides the next finding of the rule.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: node:22.11.0 # keyless: allow[unpinned-image] mirrored and scanned
    ///         script: [npm test]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: node # keyless: allow[unpinned-image] mirrored and scanned
    ///         script: [npm test]
    /// ```
    ///
    /// Rules that are turned off in `keyless.yaml` or on the command line are left out: it is unknown what they would find.
    static RULE: "unused-suppression", Warning, check
}

/// Which suppressions match is known when all rules have run, so that [`report`] is called then.
fn check(_: &Analysis<'_>, _: &mut Findings<'_>) {}

/// Reports the names of a suppression, given by their indexes, that match nothing.
pub(crate) fn report(
    source: &Source<'_>,
    suppression: &Suppression<'_>,
    unused: &[usize],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut findings = Findings::new(&RULE, diagnostics);
    let names = &suppression.names;
    for index in unused {
        let Some(name) = names.get(*index) else { continue };
        let span = if unused.len() == names.len() { whole(source, suppression) } else { one(suppression, *index) };
        findings
            .report(name.span, format!("`{}` is not reported here", name.value))
            .help("remove the suppression, or move it to the line of the finding")
            .fix("remove the suppression", Safety::Safe, vec![Edit { span, replacement: String::new() }]);
    }
}

/// The comment with the space before it, or its whole line.
fn whole(source: &Source<'_>, suppression: &Suppression<'_>) -> Span {
    let comment = suppression.comment;
    let number = source.position(comment.start).line;
    let line = source.line(number).unwrap_or(comment);
    if suppression.has_own_line {
        let next = source.line(number + 1).map_or(source.text().len(), |next| next.start);
        return Span::new(line.start, next);
    }
    let before = source.slice(Span::new(line.start, comment.start)).trim_end();
    Span::new(line.start + before.len(), line.end)
}

/// A name with the comma that separates it.
fn one(suppression: &Suppression<'_>, index: usize) -> Span {
    let names = &suppression.names;
    let span = names[index].span;
    match (index.checked_sub(1), names.get(index + 1)) {
        (Some(before), _) => Span::new(names[before].span.end, span.end),
        (None, Some(after)) => Span::new(span.start, after.span.start),
        (None, None) => span,
    }
}
