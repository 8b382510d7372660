use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    pipeline::{Language, ScriptItem, Text},
    rules::{Findings, rule},
    text::Span,
    yaml::OffsetMap,
};

rule! {
    /// A backslash at the end of a line that does not continue the command.
    ///
    /// YAML joins the lines of a plain, single-quoted or `>` string with a space. The shell then sees `\` and a space, which
    /// is an escaped space: `aws s3 sync dist s3://bucket \ --delete` passes ` --delete`, with a leading space, as a file name.
    /// Either leave the backslash out, because YAML joins the lines anyway, or write the command in a block that starts with
    /// `|`. A backslash at the end of an item continues nothing either, because each item is a command, and neither does one
    /// followed by a space.
    ///
    /// ```yaml wrong
    /// image: amazon/aws-cli:2.22.0
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - aws s3 sync dist s3://bucket \
    ///             --delete
    /// ```
    ///
    /// ```yaml right
    /// image: amazon/aws-cli:2.22.0
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - |
    ///             aws s3 sync dist s3://bucket \
    ///               --delete
    /// ```
    ///
    /// Source: <https://yaml.org/spec/1.2.2/#65-line-folding>.
    static RULE: "folded-continuation", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        if file.model.script_language(step) == Language::PowerShell {
            continue;
        }
        for items in [&step.script, &step.after_script] {
            // The backslashes of a command that goes on over several items.
            let mut ends: Vec<Span> = Vec::new();
            for (index, item) in items.iter().enumerate() {
                match item {
                    ScriptItem::Command(text) => {
                        folded(file, *text, findings);
                        let continued = matches!(items.get(index + 1), Some(ScriptItem::Command(_)));
                        match at_the_end(file, *text).filter(|_| continued) {
                            Some(end) => ends.push(end),
                            None => across_items(&std::mem::take(&mut ends), findings),
                        }
                    }
                    ScriptItem::Pipe(pipe) => {
                        for variable in &pipe.variables {
                            let node = file.tree.resolve(variable.node);
                            for node in std::iter::once(&node).chain(file.tree.items(node)) {
                                if let Some(value) = file.tree.text(*node) {
                                    folded(file, Text { value, node: *node }, findings);
                                }
                            }
                        }
                    }
                    ScriptItem::Other(_) => {}
                }
            }
        }
    }
}

/// Backslashes that are followed by a space in the value, and by a line break in the file.
fn folded(file: &Analysis<'_>, text: Text<'_>, findings: &mut Findings<'_>) {
    if !text.value.contains("\\ ") {
        return;
    }
    let Some(map) = OffsetMap::new(file.source.text(), file.tree, text.node) else { return };
    let mut edits: Vec<Edit> = Vec::new();
    let mut joined = false;
    let mut blank: Option<Span> = None;
    for (at, _) in text.value.match_indices("\\ ") {
        let place = map.offset(at);
        let Some(rest) = file.source.text().get(place..).and_then(|rest| rest.strip_prefix('\\')) else { continue };
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if !rest[blanks..].starts_with(['\n', '\r']) || !escapes(&text.value[..=at]) {
            continue;
        }
        if text.value[at + 1..].trim_start_matches([' ', '\t']).starts_with('\n') {
            blank = blank.or(Some(Span::new(place, place + 1 + blanks)));
        } else {
            joined |= !text.value[..at].ends_with([' ', '\t']);
            edits.push(Edit { span: Span::new(place, place + 1), replacement: String::new() });
        }
    }
    if let Some(span) = blank {
        let edit = Edit { span, replacement: "\\".to_owned() };
        findings
            .report(span, "the backslash is followed by a space, so it does not continue the line")
            .help("remove the blank")
            .fix("remove the blank", Safety::Safe, vec![edit]);
    }
    let Some(first) = edits.first() else { return };
    let message = "YAML joins these lines, so the backslash escapes a space instead of the line break";
    let finding = findings.report(first.span, message);
    for edit in &edits[1..] {
        finding.related(edit.span, "here too");
    }
    finding.help("remove the backslash, or write the command in a block that starts with `|`");
    let title = if edits.len() == 1 { "remove the backslash" } else { "remove the backslashes" };
    finding.fix(title, if joined { Safety::Unsafe } else { Safety::Safe }, edits);
}

/// A backslash at the end of an item.
fn at_the_end(file: &Analysis<'_>, text: Text<'_>) -> Option<Span> {
    let value = text.value.trim_end();
    let comment = value.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with('#'));
    if !escapes(value) || comment {
        return None;
    }
    let map = OffsetMap::new(file.source.text(), file.tree, text.node)?;
    Some(map.span(Span::new(value.len() - 1, value.len())))
}

/// A command that goes on in the items after it.
fn across_items(ends: &[Span], findings: &mut Findings<'_>) {
    let Some((first, others)) = ends.split_first() else { return };
    let finding = findings.report(*first, "the backslash does not continue the command: each item is a command");
    for other in others {
        finding.related(*other, "here too");
    }
    finding.help("write the whole command in one item, in a block that starts with `|`");
}

/// Whether a string ends with a backslash that is not escaped itself.
fn escapes(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}
