use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    text::Span,
    yaml::{Problem, Syntax},
};

rule! {
    /// The text is not YAML, so Bitbucket cannot read the file at all.
    ///
    /// The finding stands where the reading stopped; the mistake is there or a little before. What was read up to that
    /// place is checked all the same.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: greet: the world
    ///         script:
    ///           - make
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: "greet: the world"
    ///         script:
    ///           - make
    /// ```
    static RULE: "yaml-syntax", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        if super::unquoted_pattern::explains(file, problem) {
            continue;
        }
        if let Problem::Syntax { span, kind, .. } = problem {
            let (message, help) = explain(kind);
            let finding = findings.report(place(file, *span, kind), message);
            if let Some(help) = help {
                finding.help(help);
            }
        }
    }
}

/// The place to show: a tab where it stands, anything else from there to the end of its line.
fn place(file: &Analysis<'_>, span: Span, kind: &Syntax) -> Span {
    let text = file.source.text();
    match kind {
        Syntax::Tab => {
            let line = file.source.line(file.source.position(span.start).line).unwrap_or(span);
            let tab = file.source.slice(line).find('\t').map(|at| line.start + at);
            tab.map_or(span, |at| Span::new(at, at + 1))
        }
        _ if span.start >= text.len() => {
            let end = text.trim_end().len();
            Span::new(text[..end].char_indices().next_back().map_or(0, |(at, _)| at), end)
        }
        _ => span,
    }
}

fn explain(kind: &Syntax) -> (String, Option<&'static str>) {
    let (message, help) = match kind {
        Syntax::Tab => ("tabs are not allowed in indentation", Some("indent with spaces")),
        Syntax::TooDeep(levels) => {
            return (format!("nesting is deeper than {levels} levels"), Some("reduce the nesting"));
        }
        Syntax::UnclosedQuote => {
            ("unclosed quote", Some("add the closing quote, or put the value in the other kind of quotes"))
        }
        Syntax::UnclosedFlow('[') => ("unclosed `[`", Some("add the missing `]`")),
        Syntax::UnclosedFlow(_) => ("unclosed `{`", Some("add the missing `}`")),
        Syntax::Indentation => {
            ("indentation does not match any line above", Some("align this line with the lines it belongs to"))
        }
        Syntax::MisplacedColon => ("unexpected second `: ` in one line", Some("quote the value after the first colon")),
        Syntax::MisplacedDash => {
            ("unexpected `- `: a list cannot start here", Some("start the list on the line below its key"))
        }
        Syntax::MissingColon => {
            ("missing `:` after a key", Some("use `key: value`, or indent the line if it continues the value above"))
        }
        Syntax::ReservedCharacter(letter) if letter.is_control() => {
            return (format!("control character `{}` is not allowed", letter.escape_default()), Some("remove it"));
        }
        Syntax::ReservedCharacter(letter) => {
            return (
                format!("an unquoted value cannot start with `{}`", letter.escape_default()),
                Some("quote the value"),
            );
        }
        Syntax::AliasName => {
            ("missing name after `*` or `&`", Some("add the name, or quote a value that starts with `*` or `&`"))
        }
        Syntax::Escape => {
            ("unknown escape sequence in double quotes", Some("use `\\\\` for a backslash, or use single quotes"))
        }
        Syntax::Other(text) => return (format!("invalid YAML: {text}"), None),
    };
    (message.to_owned(), help)
}
