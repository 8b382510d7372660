use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language,
    rules::{Findings, rule},
    text::Span,
    yaml::{Field, Kind, NodeId},
};

rule! {
    /// The keys of a step at the same level as `step:` instead of below it.
    ///
    /// `step:` is then empty, and its keys belong to the list item. An anchor on such a step, `- step: &build`, is
    /// empty too.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///       name: Build
    ///       script:
    ///         - make
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: Build
    ///         script:
    ///           - make
    /// ```
    static RULE: "unindented-step", Error, check
}

/// The key `step` of a list item whose step is empty, and the step keys that are next to it.
fn unindented(file: &Analysis<'_>, item: NodeId) -> Option<(Field, Vec<Field>)> {
    if !matches!(file.tree.node(item).kind, Kind::Mapping(_)) {
        return None;
    }
    let step = file.tree.field(item, "step").filter(|step| file.tree.is_null(step.value))?;
    let keys: Vec<_> = file
        .tree
        .fields(item)
        .into_iter()
        .filter(|field| field.merged_at.is_none() && language::STEP.key(file.text(field.key)).is_some())
        .collect();
    (!keys.is_empty()).then_some((step, keys))
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    // All mappings, not only those in pipelines: an anchored step in `definitions` fails where it is used.
    for item in file.tree.ids() {
        let Some((step, keys)) = unindented(file, item) else { continue };
        let finding = findings
            .report(file.span(step.key), "`step` is empty: its keys are next to it, not below it")
            .help("indent the keys of the step by two more spaces");
        for field in file.tree.fields(item) {
            finding.covers(file.span(field.key));
        }
        if let Some(field) = keys.first() {
            finding.related(file.span(field.key), "belongs to the step");
        }
        if let Some(edits) = indent(file, &keys) {
            finding.fix("indent the keys of the step", Safety::Safe, edits);
        }
    }
}

/// Two spaces before every line of the keys; `None` if a key does not start its line, as in `{step: , name: x}`.
fn indent(file: &Analysis<'_>, keys: &[Field]) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    for field in keys {
        let first = file.source.position(file.span(field.key).start).line;
        let begin = file.source.line(first)?;
        if !file.source.text().get(begin.start..file.span(field.key).start)?.trim().is_empty() {
            return None;
        }
        let end = file.span(field.value).end.max(file.span(field.key).end);
        for line in first..=file.source.position(end).line {
            let span = file.source.line(line)?;
            if !file.source.slice(span).trim().is_empty() && span.start < end {
                edits.push(Edit { span: Span::at(span.start), replacement: "  ".to_owned() });
            }
        }
    }
    edits.sort_by_key(|edit| edit.span);
    edits.dedup();
    Some(edits)
}
