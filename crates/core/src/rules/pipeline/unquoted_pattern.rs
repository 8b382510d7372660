use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    rules::{Findings, rule},
    text::Span,
    yaml::{Kind, Problem, Syntax},
};

rule! {
    /// A pattern that starts with `*` and is not in quotes.
    ///
    /// YAML reads a leading `*` as an alias, so `**/x:` refers to an anchor with that name, and Bitbucket cannot read
    /// the file.
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

/// The unquoted pattern that causes this problem, and its line.
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
    // The parser may stop within the pattern, which begins after a blank or a bracket. Elsewhere `*` is an ordinary character.
    let before = file.source.slice(Span::new(line.start, start.min(line.end)));
    let begin = line.start + before.rfind([' ', '\t', '[', '{', ',']).map_or(0, |at| at + 1);
    let rest = file.source.slice(Span::new(begin, line.end));
    if !rest.starts_with('*') {
        return None;
    }
    let rest = rest.split(" #").next().unwrap_or(rest).trim_end();
    let in_brackets = file.source.slice(Span::new(line.start, begin)).trim_end().ends_with(['[', '{', ',']);
    let rest = if in_brackets { rest.split([',', ']', '}']).next().unwrap_or(rest) } else { rest };
    // behind a key it is a value, however it goes on
    let is_value = file.source.slice(Span::new(line.start, begin)).trim_end().ends_with(':');
    if is_value {
        return Some((Span::new(begin, begin + rest.len()), number));
    }
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
        let finding = findings.report(span, format!("`{text}` is not in quotes, so YAML reads `*` as an alias"));
        finding.help(format!("use '{text}'")).fix("put it in quotes", Safety::Safe, vec![edit]);
        if let Problem::UnknownAlias { alias } = problem {
            finding.covers(file.span(*alias));
        }
        // The error may appear only where the parser goes on.
        if let Some((_, span)) = broken.filter(|(at, _)| (line..=line + 1).contains(at)) {
            finding.covers(span);
        }
    }
}
