use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::{Problem, Syntax},
};

rule! {
    /// A file that is not valid YAML.
    ///
    /// Bitbucket cannot read it, so no pipeline runs. The finding is where the parser stopped; the cause is there or
    /// shortly before. keyless still checks what comes before that place.
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
    static RULE: "yaml-syntax", Error, check, explained_by ["unquoted-pattern"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        if let Problem::Syntax { span, kind, .. } = problem {
            let (message, help) = explain(kind);
            let finding = findings.report(file.syntax_span(*span, kind), message);
            if let Some(help) = help {
                finding.help(help);
            }
        }
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
        Syntax::Tag => ("an unquoted `!` starts a YAML tag", Some("put the whole value in quotes")),
        Syntax::Escape => {
            ("unknown escape sequence in double quotes", Some("use `\\\\` for a backslash, or use single quotes"))
        }
        Syntax::Other(text) => return (format!("invalid YAML: {text}"), None),
    };
    (message.to_owned(), help)
}
