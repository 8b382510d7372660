//! What an editor offers at a finding: its fix, all safe fixes, and a comment that suppresses it.

use std::collections::HashMap;

use gen_lsp_types::{CodeAction, CodeActionKind, CodeActionParams, TextEdit, Uri, WorkspaceEdit};
use keyless_core::{
    diagnostic::{Diagnostic, Edit, Safety, Severity},
    ide::suppress,
    text::{Source, Span},
};

use super::{
    documents::Document,
    findings::show,
    judge,
    kind::Kind,
    positions::{Encoding, Lines},
};
use crate::fix::{self, Fixing};

/// The action that applies every safe fix, also when a file is saved.
pub(crate) const FIX_ALL: &str = "source.fixAll.keyless";

/// The actions for a range of a file.
pub(crate) fn at(document: &Document, parameters: &CodeActionParams, encoding: Encoding) -> Vec<CodeAction> {
    let name = document.name();
    let source = Source::new(&name, &document.text);
    let lines = Lines::new(&source, encoding);
    let asked = lines.span(parameters.range);
    let only = parameters.context.only.as_deref();
    let wants = |kind: &str| only.is_none_or(|kinds| kinds.iter().any(|only| covers(only, kind)));
    let found = judge::findings(document);
    let uri = &document.uri;
    let mut actions = Vec::new();
    if wants(&String::from(CodeActionKind::QuickFix)) {
        for finding in found.iter().filter(|finding| touches(finding.primary.span, asked)) {
            let action = |title: String, is_preferred, edits: &[Edit]| CodeAction {
                title,
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![show(finding, lines, uri)]),
                is_preferred: Some(is_preferred),
                edit: Some(changes(uri, lines, edits)),
                ..CodeAction::default()
            };
            if let Some(fix) = &finding.fix {
                let is_safe = fix.safety == Safety::Safe;
                let title = if is_safe { fix.title.clone() } else { format!("{} (review the result)", fix.title) };
                actions.push(action(title, is_safe, &fix.edits));
            }
            if let Some(edit) = suppression(document, &source, finding) {
                actions.push(action(format!("suppress {} here", finding.rule.as_str()), false, &[edit]));
            }
        }
    }
    if wants(FIX_ALL) {
        actions.extend(fix_all(document, lines, found));
    }
    actions
}

/// Whether a kind is asked for: it or one that it belongs to, as `source` for `source.fixAll`.
fn covers(asked: &CodeActionKind, kind: &str) -> bool {
    let asked = String::from(asked.clone());
    kind.strip_prefix(asked.as_str()).is_some_and(|rest| asked.is_empty() || rest.is_empty() || rest.starts_with('.'))
}

fn touches(span: Span, other: Span) -> bool {
    span.start <= other.end && other.start <= span.end
}

fn suppression(document: &Document, source: &Source<'_>, finding: &Diagnostic) -> Option<Edit> {
    // comments suppress in pipelines; JSON has none
    document.kind().filter(|kind| *kind == Kind::Pipeline)?;
    let settings = judge::settings(document).ok().flatten()?;
    suppress::edit(source, &settings, finding)
}

/// All safe fixes at once, until none is left, as `keyless lint --fix` applies them.
fn fix_all(document: &Document, lines: Lines<'_>, mut found: Vec<Diagnostic>) -> Option<CodeAction> {
    let fixing = Fixing { minimum: Severity::Hint, with_unsafe: false };
    let mut text = document.text.to_string();
    let lint = |text: &str| judge::findings(&Document { text: text.into(), ..document.clone() });
    let fixed = fix::apply(&mut text, &mut found, fixing, lint)?;
    let noun = if fixed.count == 1 { "fix" } else { "fixes" };
    Some(CodeAction {
        title: format!("apply {} safe {noun} of keyless", fixed.count),
        kind: Some(CodeActionKind::from(FIX_ALL.to_owned())),
        edit: Some(changes(&document.uri, lines, &[difference(&document.text, &text)])),
        ..CodeAction::default()
    })
}

/// The one edit that makes a text another one: what is between their common start and their common end.
fn difference(before: &str, after: &str) -> Edit {
    let same = before.char_indices().zip(after.chars()).find(|((_, a), b)| a != b);
    let start = same.map_or(before.len().min(after.len()), |((at, _), _)| at);
    let ends = before[start..].chars().rev().zip(after[start..].chars().rev());
    let common: usize = ends.take_while(|(a, b)| a == b).map(|(letter, _)| letter.len_utf8()).sum();
    Edit { span: Span::new(start, before.len() - common), replacement: after[start..after.len() - common].to_owned() }
}

fn changes(uri: &Uri, lines: Lines<'_>, edits: &[Edit]) -> WorkspaceEdit {
    let edits = edits.iter().map(|edit| TextEdit::new(lines.range(edit.span), edit.replacement.clone()));
    WorkspaceEdit { changes: Some(HashMap::from([(uri.clone(), edits.collect())])), ..WorkspaceEdit::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_two_texts_is_one_edit() {
        for (before, after) in
            [("abc", "abc"), ("abc", "axc"), ("aä", "aö"), ("aa", "aaa"), ("aaa", "aa"), ("", "x"), ("x", "")]
        {
            let edit = difference(before, after);
            let edited = [&before[..edit.span.start], &edit.replacement, &before[edit.span.end..]].concat();
            assert_eq!(edited, after, "{before}");
        }
    }

    #[test]
    fn a_kind_includes_those_below_it() {
        for (asked, kind, expected) in [
            ("source", FIX_ALL, true),
            ("source.fixAll", FIX_ALL, true),
            (FIX_ALL, FIX_ALL, true),
            ("", "quickfix", true),
            ("quick", "quickfix", false),
            ("source.fixAll.other", FIX_ALL, false),
        ] {
            assert_eq!(covers(&CodeActionKind::from(asked.to_owned()), kind), expected, "{asked}");
        }
    }
}
