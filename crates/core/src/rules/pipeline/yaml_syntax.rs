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
        Syntax::Tab => ("a tab where only spaces may stand", Some("indent with spaces; YAML forbids tabs there")),
        Syntax::TooDeep(levels) => {
            return (format!("nested more than {levels} levels deep"), Some("keyless reads no deeper"));
        }
        Syntax::UnclosedQuote => (
            "a quote is opened and never closed",
            Some("close it, or quote the whole text with the other kind of quote"),
        ),
        Syntax::UnclosedFlow('[') => ("`[` is opened and never closed", Some("add the missing `]`")),
        Syntax::UnclosedFlow(_) => ("`{` is opened and never closed", Some("add the missing `}`")),
        Syntax::Indentation => {
            ("this line's indentation fits nothing above it", Some("indent it as far as the lines it belongs with"))
        }
        Syntax::MisplacedColon => ("a second `: ` in one line", Some("put the text after the first colon in quotes")),
        Syntax::MisplacedDash => ("a `- ` where no list can begin", Some("put the list on the lines below its key")),
        Syntax::MissingColon => {
            ("a key without its colon", Some("write `key: value`, or indent the line to belong to the text above"))
        }
        Syntax::ReservedCharacter(letter) => {
            return (
                format!("text cannot begin with `{}` here", letter.escape_default()),
                Some("put the text in quotes"),
            );
        }
        Syntax::AliasName => {
            ("`*` or `&` without a name after it", Some("a text that begins with `*` or `&` needs quotes"))
        }
        Syntax::Escape => (
            "a `\\` that begins no known escape",
            Some("in double quotes write `\\\\` for a backslash, or use single quotes"),
        ),
        Syntax::Other(text) => return (format!("not valid YAML: {text}"), None),
    };
    (message.to_owned(), help)
}
