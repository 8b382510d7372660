//! Edits of YAML text that leave everything around them as it was written: comments, quotes, line endings, layout.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    diagnostic::Edit,
    text::Span,
    yaml::{Kind, NodeId, Tree},
};

/// A file with what edits need to know about it.
#[derive(Clone, Copy)]
pub(super) struct Document<'f> {
    pub(super) text: &'f str,
    pub(super) tree: &'f Tree,
    /// How its lines end.
    pub(super) newline: &'static str,
}

/// What happens to the items of a list, or the entries of a mapping.
#[derive(Default)]
pub(super) struct Changes {
    /// Those that are removed, by number.
    pub(super) removed: BTreeSet<usize>,
    /// What is inserted, by the number of the item before which it is: in place of an item that is removed.
    pub(super) inserted: BTreeMap<usize, Vec<String>>,
}

impl<'f> Document<'f> {
    pub(super) fn new(text: &'f str, tree: &'f Tree) -> Self {
        let ends_in_crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
        Self { text, tree, newline: if ends_in_crlf { "\r\n" } else { "\n" } }
    }

    /// Where the line of an offset starts.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line of an offset ends, with its line break.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// The white space before an offset, if there is nothing else on its line.
    pub(super) fn indent(&self, at: usize) -> Option<&'f str> {
        let before = &self.text[self.line_start(at)..at];
        before.trim().is_empty().then_some(before)
    }

    /// The lines of a range, if nothing but white space and a comment is on them besides it.
    pub(super) fn whole_lines(&self, span: Span) -> Option<Span> {
        self.indent(span.start)?;
        let end = self.line_end(span.end);
        let rest = self.text[span.end..end].trim();
        (rest.is_empty() || rest.starts_with('#')).then(|| Span::new(self.line_start(span.start), end))
    }

    /// Lines of text for an insertion, each after the indentation and the prefix.
    pub(super) fn lines(&self, indent: &str, prefix: &str, lines: &[String]) -> String {
        lines.iter().flat_map(|line| [indent, prefix, line, self.newline]).collect()
    }

    /// Whether a collection is written in brackets or braces.
    pub(super) fn is_flow(&self, node: NodeId) -> bool {
        self.text[self.tree.span(node).start..].starts_with(['[', '{'])
    }

    /// The edits of a list.
    pub(super) fn edit_list(&self, list: NodeId, changes: &Changes) -> Option<Vec<Edit>> {
        let list = self.tree.resolve(list);
        let Kind::Sequence(items) = &self.tree.node(list).kind else { return None };
        let spans: Vec<Span> = items.iter().map(|item| self.tree.span(*item)).collect();
        if self.is_flow(list) {
            return Some(edit_flow(&spans, changes));
        }
        let mut places = Vec::new();
        let mut at = self.tree.span(list).start;
        let indent = self.indent(at)?;
        for span in spans {
            // The dash is in the column of the first one; comments may come before it.
            while !self.text[at..].starts_with('-') || self.indent(at)?.len() != indent.len() {
                let next = self.line_end(at);
                if next > span.start || next == at {
                    return None;
                }
                at = next + self.text[next..].find(|c: char| c != ' ').unwrap_or_default();
            }
            let end = self.text[..span.end].trim_end().len().max(at + 1);
            let end = self.line_end(end);
            places.push(Span::new(self.line_start(at), end));
            at = end + self.text[end..].find(|c: char| c != ' ').unwrap_or_default();
        }
        Some(self.edit_block(&places, indent, "- ", changes))
    }

    /// The edits of a mapping's own entries.
    pub(super) fn edit_mapping(&self, mapping: NodeId, changes: &Changes) -> Option<Vec<Edit>> {
        let mapping = self.tree.resolve(mapping);
        let Kind::Mapping(entries) = &self.tree.node(mapping).kind else { return None };
        let span = |key: NodeId, value: NodeId| self.tree.span(key).cover(self.tree.span(value));
        let spans: Vec<Span> = entries.iter().map(|entry| span(entry.key, entry.value)).collect();
        if self.is_flow(mapping) {
            return Some(edit_flow(&spans, changes));
        }
        let indent = self.indent(spans.first()?.start)?;
        let places: Option<Vec<Span>> = spans
            .iter()
            .map(|span| {
                self.indent(span.start)?;
                let end = self.text[..span.end].trim_end().len().max(span.start);
                Some(Span::new(self.line_start(span.start), self.line_end(end)))
            })
            .collect();
        Some(self.edit_block(&places?, indent, "", changes))
    }

    /// The edits of a block, whose parts are on separate lines.
    fn edit_block(&self, places: &[Span], indent: &str, prefix: &str, changes: &Changes) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (number, place) in places.iter().enumerate() {
            let lines = changes.inserted.get(&number).map(|lines| self.lines(indent, prefix, lines));
            if changes.removed.contains(&number) {
                let mut replacement = lines.unwrap_or_default();
                if !self.text[place.start..place.end].ends_with('\n') {
                    replacement.truncate(replacement.trim_end().len());
                }
                edits.push(Edit { span: *place, replacement });
            } else if let Some(replacement) = lines {
                let at = if number == 0 && !prefix.is_empty() { self.above_comments(place.start) } else { place.start };
                edits.push(Edit { span: Span::at(at), replacement });
            }
        }
        edits
    }

    /// The line below the key of a list: comments above its first item belong to that item.
    fn above_comments(&self, mut line: usize) -> usize {
        while line > 0 {
            let before = self.line_start(line - 1);
            let text = self.text[before..line].trim();
            if !text.is_empty() && !text.starts_with('#') {
                break;
            }
            line = before;
        }
        line
    }
}

/// The edits of `[a, b]` or `{a: b, c: d}`.
fn edit_flow(spans: &[Span], changes: &Changes) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut number = 0;
    while let Some(span) = spans.get(number) {
        let mut inserted = changes.inserted.get(&number).cloned().unwrap_or_default();
        let first = number;
        while changes.removed.contains(&number) {
            number += 1;
            inserted.extend(
                changes
                    .inserted
                    .get(&number)
                    .filter(|_| changes.removed.contains(&number))
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
        }
        let text = inserted.join(", ");
        let separated = if text.is_empty() { String::new() } else { format!("{text}, ") };
        if first == number {
            if !separated.is_empty() {
                edits.push(Edit { span: Span::at(span.start), replacement: separated });
            }
            number += 1;
        } else if let Some(next) = spans.get(number) {
            edits.push(Edit { span: Span::new(span.start, next.start), replacement: separated });
        } else {
            let end = spans[number - 1].end;
            let (start, replacement) = match first.checked_sub(1).map(|before| spans[before].end) {
                Some(before) if text.is_empty() => (before, text),
                _ => (span.start, text),
            };
            edits.push(Edit { span: Span::new(start, end), replacement });
        }
    }
    edits
}

/// The edits in the order of the text, each once, and those that touch joined; `None` if two change the same text.
pub(super) fn joined(mut edits: Vec<Edit>) -> Option<Vec<Edit>> {
    edits.sort_by(|a, b| (a.span, &a.replacement).cmp(&(b.span, &b.replacement)));
    edits.dedup();
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        match joined.last_mut() {
            Some(last) if edit.span.start < last.span.end => return None,
            Some(last) if edit.span.start == last.span.end => {
                last.span.end = edit.span.end;
                last.replacement.push_str(&edit.replacement);
            }
            _ => joined.push(edit),
        }
    }
    Some(joined)
}

/// The text after edits in the order of the text.
pub(super) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edited = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        edited.push_str(&text[copied..edit.span.start]);
        edited.push_str(&edit.replacement);
        copied = edit.span.end;
    }
    edited + &text[copied..]
}
