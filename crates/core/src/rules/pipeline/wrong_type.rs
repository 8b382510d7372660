use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    language::{Shape, ViolationKind},
    rules::{Findings, rule},
    yaml::{Kind, Meaning, NodeId},
};

rule! {
    /// A value whose type the key does not allow.
    ///
    /// Bitbucket rejects the file. A number or boolean where a string is expected needs quotes, because YAML determines
    /// the type before Bitbucket reads the value.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: 2024
    ///         caches: node
    ///         script: make
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: "2024"
    ///         caches: [node]
    ///         script: [make]
    /// ```
    static RULE: "wrong-type", Error, check, explained_by ["invalid-oidc", "command-as-mapping", "unindented-step", "unexpanded-variable", "empty-script-item", "unexpected-tag"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongType { shape, value, key } = violation.kind else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let given = file.tree.kind(value).noun();
        let place = file.place(value, key);
        let what = match key {
            Some(key) => format!("`{}`", file.text(key)),
            None if file.tree.root() == Some(value) => "the file".to_owned(),
            None => "this item".to_owned(),
        };
        let finding = findings.report_as(severity, place, format!("{what} must be {}, found {given}", shape.allowed()));
        if let Some((title, edits)) = fix(file, shape, value) {
            finding.fix(title, Safety::Safe, edits);
        }
        if let Some(help) = help(file, shape, value, key) {
            finding.help(help);
        }
    }
}

fn takes(shape: &Shape, wanted: impl Fn(&Shape) -> bool) -> bool {
    match shape {
        Shape::OneOf(_, forms) => forms.iter().any(|form| wanted(form)),
        other => wanted(other),
    }
}

fn help(file: &Analysis<'_>, shape: &Shape, value: NodeId, key: Option<NodeId>) -> Option<String> {
    let list = takes(shape, |shape| matches!(shape, Shape::List(_)));
    let text = takes(shape, |shape| matches!(shape, Shape::String(_)));
    if key.is_some_and(|key| file.text(key) == "docker") && file.tree.field(value, "memory").is_some() {
        return Some("set the memory of the docker service in `definitions.services.docker.memory`".to_owned());
    }
    match file.tree.kind(value) {
        Kind::Scalar(scalar) if scalar.meaning() == Meaning::Null => {
            let name = key.map_or_else(|| "the key".to_owned(), |key| format!("`{}`", file.text(key)));
            Some(format!("indent the value of {name} below it, or remove the key"))
        }
        Kind::Scalar(scalar) if text && scalar.meaning() != Meaning::Text => {
            Some(format!("put it in quotes: \"{}\"", scalar.value))
        }
        Kind::Scalar(_) if list => Some("make it a list, with one `- ` line for each item".to_owned()),
        Kind::Mapping(_) if list => Some("start each item with `- `".to_owned()),
        Kind::Sequence(_) if text => Some("use a single string".to_owned()),
        _ => None,
    }
}

/// Quotes around a number, brackets around a single item.
fn fix(file: &Analysis<'_>, shape: &Shape, value: NodeId) -> Option<(String, Vec<Edit>)> {
    let Kind::Scalar(scalar) = file.tree.kind(value) else { return None };
    // After a tag, quotes change nothing.
    if file.tree.node(value).tag.is_some() {
        return None;
    }
    let span = file.span(value);
    match scalar.meaning() {
        Meaning::Boolean(_) | Meaning::Integer(_) | Meaning::Float
            if takes(shape, |shape| matches!(shape, Shape::String(_))) =>
        {
            let written = file.source.slice(span);
            Some(("put it in quotes".to_owned(), vec![Edit { span, replacement: format!("\"{written}\"") }]))
        }
        Meaning::Text if takes(shape, |shape| matches!(shape, Shape::List(_))) => {
            let written = file.source.slice(span);
            let simple = !written.contains(['\n', ',', '[', ']', '{', '}', '#', ':']) && !written.is_empty();
            simple.then(|| ("make it a list".to_owned(), vec![Edit { span, replacement: format!("[{written}]") }]))
        }
        _ => None,
    }
}
