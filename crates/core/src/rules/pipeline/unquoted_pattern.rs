use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    rules::{Findings, rule},
    text::Span,
    yaml::{Kind, Problem, Syntax},
};

rule! {
    /// A pattern that begins with `*` and stands without quotes.
    ///
    /// To YAML a leading `*` is the sign of an alias, so `**/x:` looks for an anchor of that name. Patterns that begin with
    /// `*` need quotes.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   pull-requests:
    ///     **:
    ///       - step:
    ///           script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           script: [make]
    /// ```
    static RULE: "unquoted-pattern", Error, check
}

/// The unquoted pattern that makes this a problem, with its line, when one does.
fn pattern(file: &Analysis<'_>, problem: &Problem) -> Option<(Span, usize)> {
    let start = match problem {
        Problem::UnknownAlias { alias } => match &file.tree.node(*alias).kind {
            Kind::Alias(node) if node.name.contains(['*', '/', ':', '.', '{', '?']) => file.span(*alias).start,
            _ => return None,
        },
        Problem::Syntax { span, kind: Syntax::AliasName, .. } => span.start,
        _ => return None,
    };
    let number = file.source.position(start).line;
    let line = file.source.line(number)?;
    let text = file.source.slice(line);
    let begin = line.start + text.find('*')?;
    let rest = file.source.slice(Span::new(begin, line.end)).trim_end();
    let end = rest.strip_suffix(':').or_else(|| rest.split_once(": ").map(|(key, _)| key)).unwrap_or(rest);
    Some((Span::new(begin, begin + end.len()), number))
}

/// Whether this rule explains the problem: the alias or the syntax error itself, or what it led to on the next line.
pub(super) fn explains(file: &Analysis<'_>, problem: &Problem) -> bool {
    if pattern(file, problem).is_some() {
        return true;
    }
    let Problem::Syntax { span, .. } = problem else { return false };
    let here = file.source.position(span.start).line;
    file.problems
        .iter()
        .filter(|other| *other != problem)
        .filter_map(|other| pattern(file, other))
        .any(|(_, line)| (line..=line + 1).contains(&here))
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (span, _) in file.problems.iter().filter_map(|problem| pattern(file, problem)) {
        let text = file.source.slice(span);
        findings.report(span, "without quotes YAML takes this `*` for an alias").help(format!("write '{text}'")).fix(
            "put it in quotes",
            Safety::Safe,
            vec![Edit { span, replacement: format!("'{}'", text.replace('\'', "''")) }],
        );
    }
}
