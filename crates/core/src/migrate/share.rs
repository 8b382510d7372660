//! Text that steps share by anchors: one edit for all of them, if all of them want it.

use std::collections::HashMap;

use super::{Class, Context, Draft, edit::joined};
use crate::{
    analysis::{Analysis, steps::TokenAccess},
    diagnostic::Edit,
    pipeline::{Oidc, Step, StepId},
    text::Span,
    yaml::{Kind, NodeId, Tree},
};

/// Joins the drafts of steps that share their text, makes those manual that other steps do not want, and gives the steps
/// their tokens.
pub(super) fn merged(context: &Context<'_, '_>, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut merged: Vec<Draft> = Vec::new();
    for draft in drafts {
        let same = merged.iter_mut().find(|known| {
            known.form == draft.form
                && known.span == draft.span
                && known.edits == draft.edits
                && known.class == draft.class
        });
        match same {
            Some(known) => known.steps.extend(draft.steps),
            None => merged.push(draft),
        }
    }
    let file = context.file;
    let reached: Vec<(StepId, Vec<Span>)> = file.steps().map(|(step, _)| (step.id, reached(file, step))).collect();
    for draft in &mut merged {
        if draft.class == Class::Manual {
            continue;
        }
        let uses =
            |spans: &Vec<Span>| draft.touches.iter().any(|touched| spans.iter().any(|span| span.contains(*touched)));
        let other = reached.iter().find(|(step, spans)| !draft.steps.contains(step) && uses(spans));
        if let Some((other, _)) = other {
            let name = Analysis::step_name(file.model.step(*other));
            *draft = draft.clone().manual(format!("{name} shares this text and cannot be edited in the same way"));
        }
    }
    // Two steps may want different edits of the same text.
    let mut taken: Vec<Edit> = Vec::new();
    for draft in &mut merged {
        let mut with = taken.clone();
        with.extend(draft.edits.iter().cloned());
        if joined(with.clone()).is_some() && joined(draft.edits.clone()).is_some() && !doubled(&taken, &draft.edits) {
            taken = with;
        } else {
            *draft = draft.clone().manual("another step shares this text and needs another edit");
        }
    }
    tokens(context, &mut merged);
    merged
}

/// Whether both insert different text at the same place.
fn doubled(taken: &[Edit], edits: &[Edit]) -> bool {
    edits.iter().any(|edit| taken.iter().any(|other| other.span == edit.span && edit.replacement != other.replacement))
}

/// The spans of everything that a step uses, aliases and merges followed.
fn reached(file: &Analysis<'_>, step: &Step<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    for field in file.tree.fields(step.node) {
        follow(file.tree, field.value, &mut spans);
    }
    for image in file.model.images_of(step) {
        follow(file.tree, image.node, &mut spans);
    }
    spans
}

fn follow(tree: &Tree, node: NodeId, spans: &mut Vec<Span>) {
    let node = tree.resolve(node);
    match tree.kind(node) {
        Kind::Sequence(items) => {
            spans.push(tree.span(node));
            items
                .iter()
                .filter(|item| tree.resolve(**item) != **item || !matches!(tree.kind(**item), Kind::Scalar(_)))
                .for_each(|item| follow(tree, *item, spans));
        }
        Kind::Mapping(_) => {
            for field in tree.fields(node) {
                spans.push(tree.span(field.key).cover(tree.span(field.value)));
                follow(tree, field.value, spans);
            }
        }
        Kind::Scalar(_) => spans.push(tree.span(node)),
        Kind::Alias(_) => {}
    }
}

/// Adds `oidc: true` to the steps that need it: where their script is, if all that share it want it, otherwise to each.
fn tokens(context: &Context<'_, '_>, drafts: &mut [Draft]) {
    let file = context.file;
    let mut wanting: Vec<StepId> =
        drafts.iter().filter(|draft| draft.oidc).flat_map(|draft| draft.steps.clone()).collect();
    wanting.sort_unstable();
    wanting.dedup();
    let mut edits: HashMap<StepId, Option<Edit>> = HashMap::new();
    for id in &wanting {
        let step = file.model.step(*id);
        if file.token(step) == TokenAccess::On {
            continue;
        }
        let script = file.tree.field(step.node, "script");
        let owner = script.and_then(|field| file.tree.node(field.key).parent).filter(|owner| *owner != step.node);
        let wants = |other: &Step<'_>| wanting.contains(&other.id) || file.token(other) == TokenAccess::On;
        let shared =
            owner.filter(|owner| file.steps().all(|(other, _)| wants(other) || !merges(file.tree, other.node, *owner)));
        edits.insert(*id, token(context, step, shared.unwrap_or(step.node)));
    }
    for draft in drafts.iter_mut().filter(|draft| draft.oidc) {
        let mut own: Vec<Edit> = Vec::new();
        let mut possible = true;
        for id in &draft.steps {
            match edits.get(id) {
                Some(Some(edit)) if !own.contains(edit) => own.push(edit.clone()),
                Some(None) => possible = false,
                _ => {}
            }
        }
        if possible {
            draft.edits.extend(own);
            draft.edits.sort_by_key(|edit| edit.span);
        } else {
            *draft = draft.clone().manual("the layout of the step cannot be edited: add `oidc: true` to it first");
        }
    }
}

/// Whether a mapping is another one, or merges it.
fn merges(tree: &Tree, node: NodeId, wanted: NodeId) -> bool {
    let node = tree.resolve(node);
    let Kind::Mapping(entries) = tree.kind(node) else { return false };
    let is_wanted = |value: NodeId| match tree.kind(value) {
        Kind::Sequence(items) => items.iter().any(|item| merges(tree, *item, wanted)),
        _ => merges(tree, value, wanted),
    };
    node == wanted || entries.iter().any(|entry| tree.is_merge_key(entry.key) && is_wanted(entry.value))
}

/// The edit that gives a step its token.
fn token(context: &Context<'_, '_>, step: &Step<'_>, owner: NodeId) -> Option<Edit> {
    let (file, document) = (context.file, &context.document);
    if let Some(oidc) = &step.oidc {
        let span = file.span(oidc.node());
        return (!matches!(oidc, Oidc::Audiences(..)) && !span.is_empty())
            .then(|| Edit { span, replacement: "true".to_owned() });
    }
    let start = file.span(owner).start;
    if document.is_flow(owner) {
        return Some(Edit { span: Span::at(start + 1), replacement: "oidc: true, ".to_owned() });
    }
    let indent = document.indent(start)?;
    Some(Edit { span: Span::at(start), replacement: format!("oidc: true{}{indent}", document.newline) })
}
