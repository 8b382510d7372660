//! What an editor offers at a finding: its fix, all safe fixes, and a comment that suppresses it.

use std::collections::HashMap;

use gen_lsp_types::{CodeAction, CodeActionDisabled, CodeActionKind, CodeActionParams, TextEdit, Uri, WorkspaceEdit};
use keyless_core::{
    diagnostic::{Diagnostic, Edit, Safety, Severity},
    fix::{self, Fixing},
    ide::suppress::{self, Suppressing},
    text::{Source, Span},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    documents::Document,
    findings::show,
    judge,
    kind::Kind,
    positions::{Encoding, Lines},
};

/// The action that applies every safe fix, also when a file is saved.
pub(crate) const FIX_ALL: &str = "source.fixAll.keyless";

/// For how many findings of a range an editor that cannot ask later gets suppressions: each takes several checks of the file.
const AT_ONCE: usize = 3;

/// What an editor can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abilities {
    /// What positions count.
    pub(crate) encoding: Encoding,
    /// Whether it asks for the edit of an action once a person chooses it.
    pub(crate) resolves_edits: bool,
    /// Whether it understands texts with places to fill in.
    pub(crate) takes_snippets: bool,
}

/// The actions for a range of a file.
pub(crate) fn at(document: &Document, parameters: &CodeActionParams, abilities: Abilities) -> Vec<CodeAction> {
    let encoding = abilities.encoding;
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
        // comments suppress in pipelines; JSON has none
        let is_pipeline = document.kind() == Some(Kind::Pipeline);
        let settings = judge::settings(document).ok().flatten().filter(|_| is_pipeline && !abilities.resolves_edits);
        let suppressing = settings.as_ref().map(|settings| Suppressing::new(&source, settings));
        let mut left = AT_ONCE;
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
            let title = format!("suppress {} here", finding.rule.as_str());
            if is_pipeline && abilities.resolves_edits && suppress::is_possible(finding) {
                let later = CodeAction {
                    edit: None,
                    data: Some(Later::new(document, finding).to_json()),
                    ..action(title, false, &[])
                };
                actions.push(later);
            } else if left > 0
                && let Some(suppressing) = &suppressing
            {
                left -= 1;
                actions.extend(suppressing.edit(finding).map(|edit| action(title, false, &[edit])));
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

/// A suppression whose edit is computed when a person chooses it.
#[derive(Debug, Deserialize, Serialize)]
struct Later {
    uri: Uri,
    version: i32,
    rule: String,
    offset: usize,
}

impl Later {
    fn new(document: &Document, finding: &Diagnostic) -> Self {
        let rule = finding.rule.as_str().to_owned();
        Self { uri: document.uri.clone(), version: document.version, rule, offset: finding.primary.span.start }
    }

    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The file that an action is about, if its edit is still to be computed.
pub(crate) fn file_of(action: &CodeAction) -> Option<Uri> {
    action.data.clone().and_then(|data| serde_json::from_value::<Later>(data).ok()).map(|later| later.uri)
}

/// An action with its edit; disabled if the file has changed since, or if no comment has the effect.
pub(crate) fn resolve(document: Option<&Document>, mut action: CodeAction, encoding: Encoding) -> CodeAction {
    let later = action.data.clone().and_then(|data| serde_json::from_value::<Later>(data).ok());
    let edit = later.zip(document).and_then(|(later, document)| {
        let name = document.name();
        let source = Source::new(&name, &document.text);
        let settings = judge::settings(document).ok().flatten().filter(|_| document.version == later.version)?;
        let found = judge::findings(document);
        let is_meant = |it: &&Diagnostic| it.rule.as_str() == later.rule && it.primary.span.start == later.offset;
        let edit = Suppressing::new(&source, &settings).edit(found.iter().find(is_meant)?)?;
        Some(changes(&document.uri, Lines::new(&source, encoding), &[edit]))
    });
    if edit.is_none() {
        let reason = "no comment here would suppress this finding alone; use `rules` in keyless.yaml".to_owned();
        action.disabled = Some(CodeActionDisabled::new(reason));
    }
    action.edit = edit;
    action
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
