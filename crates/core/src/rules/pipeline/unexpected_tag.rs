use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    rules::{Findings, rule},
    text::Span,
    yaml::{Kind, NodeId},
};

rule! {
    /// A value that starts with `!`, which YAML reads as a tag.
    ///
    /// A tag names the type of the value after it and is not part of that value. `!DRAFT` is a tag without a value, and
    /// the command `! grep TODO` loses its negation. Put the value in quotes.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         condition:
    ///           state: !DRAFT
    ///         script:
    ///           - ! grep -r TODO src
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         condition:
    ///           state: "!DRAFT"
    ///         script:
    ///           - "! grep -r TODO src"
    /// ```
    ///
    /// An error if the value is empty without the tag. YAML's own tags, such as `!!str`, are not reported.
    static RULE: "unexpected-tag", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for id in file.tree.ids() {
        let node = file.tree.node(id);
        let Some(tag) = node.tag else { continue };
        let name = file.source.slice(tag);
        if name.starts_with("!!") || name.starts_with("!<tag:yaml.org,") {
            continue;
        }
        let key = node.parent.and_then(|parent| key_of(file, parent, id));
        let what = key.map_or_else(|| "this item".to_owned(), |key| format!("`{}`", file.text(key)));
        let value = match &node.kind {
            Kind::Scalar(scalar) if scalar.value.is_empty() => None,
            _ => Some(node.span),
        };
        let (severity, message) = match value {
            None => (Severity::Error, format!("`{name}` is a YAML tag, so {what} has no value")),
            Some(_) => (Severity::Warning, format!("`{name}` is a YAML tag, so it is not part of the value of {what}")),
        };
        let finding = findings.report_as(severity, tag, message);
        finding.covers(value.unwrap_or(node.span));
        if let Some(key) = key {
            finding.covers(file.span(key));
        }
        let whole = Span::new(tag.start, value.map_or(tag.end, |value| value.end));
        match (&node.kind, quoted(file.source.slice(whole))) {
            (Kind::Scalar(scalar), Some(replacement)) if scalar.is_plain() => {
                finding.help("put the whole value in quotes").fix(
                    "put it in quotes",
                    Safety::Unsafe,
                    vec![Edit { span: whole, replacement }],
                );
            }
            _ => {
                finding.help("remove the tag");
            }
        }
    }
}

/// The key that a node is the value of.
fn key_of(file: &Analysis<'_>, parent: NodeId, value: NodeId) -> Option<NodeId> {
    let Kind::Mapping(entries) = &file.tree.node(parent).kind else { return None };
    entries.iter().find(|entry| entry.value == value).map(|entry| entry.key)
}

/// A value of one line in quotes.
fn quoted(text: &str) -> Option<String> {
    let quote = ['"', '\''].into_iter().find(|quote| !text.contains(*quote))?;
    (!text.contains(['\n', '\\'])).then(|| format!("{quote}{text}{quote}"))
}
