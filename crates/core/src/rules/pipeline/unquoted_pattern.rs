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

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    // A syntax error ends the reading, so there is one at most.
    let broken = file.problems.iter().find_map(|problem| match problem {
        Problem::Syntax { span, kind, .. } => {
            Some((file.source.position(span.start).line, file.syntax_span(*span, kind)))
        }
        _ => None,
    });
    for problem in file.problems {
        let Some((span, line)) = pattern(file, problem) else { continue };
        let text = file.source.slice(span);
        let edit = Edit { span, replacement: format!("'{}'", text.replace('\'', "''")) };
        let finding = findings.report(span, "without quotes YAML takes this `*` for an alias");
        finding.help(format!("write '{text}'")).fix("put it in quotes", Safety::Safe, vec![edit]);
        if let Problem::UnknownAlias { alias } = problem {
            finding.covers(file.span(*alias));
        }
        // The error may show itself only where the reading goes on.
        if let Some((_, span)) = broken.filter(|(at, _)| (line..=line + 1).contains(at)) {
            finding.covers(span);
        }
    }
}
