//! What the language table allows at a node of the file.

use crate::{
    language::{CUSTOM_ITEM, Key, Object, ROOT, Shape},
    yaml::{Entry, Kind, NodeId, Tree},
};

static ROOT_SHAPE: Shape = Shape::Object(&ROOT);

/// Maximum number of nested anchors that are followed to their uses.
const FOLLOWED: usize = 4;

/// What the table allows at a node, each form of a `OneOf` separately. Empty where the table has no entry.
///
/// For an anchored node outside the table, its uses determine what is allowed.
pub(super) fn shapes(tree: &Tree, id: NodeId) -> Vec<&'static Shape> {
    at(tree, id, FOLLOWED)
}

/// The entry of the table for a key of the file, with the object that has it.
pub(super) fn key(tree: &Tree, map: NodeId, name: &str) -> Option<(&'static Object, &'static Key)> {
    objects(&shapes(tree, map)).find_map(|object| Some((object, object.key(name)?)))
}

/// The objects among shapes.
pub(super) fn objects(shapes: &[&'static Shape]) -> impl Iterator<Item = &'static Object> {
    shapes.iter().filter_map(|shape| match shape {
        Shape::Object(object) => Some(*object),
        _ => None,
    })
}

fn at(tree: &Tree, id: NodeId, follow: usize) -> Vec<&'static Shape> {
    let Some(parent) = tree.node(id).parent else { return vec![&ROOT_SHAPE] };
    let held = match &tree.node(parent).kind {
        Kind::Sequence(_) => items(&at(tree, parent, follow)),
        Kind::Mapping(entries) => match entries.iter().find(|entry| entry.value == id) {
            Some(entry) => values(tree, parent, *entry, follow),
            None => Vec::new(),
        },
        Kind::Scalar(_) | Kind::Alias(_) => Vec::new(),
    };
    let silent = held.iter().all(|shape| matches!(shape, Shape::Any));
    let Some(anchor) = tree.node(id).anchor.filter(|_| silent && follow > 0) else { return held };
    let uses = tree.anchors().get(anchor).map(|anchor| anchor.uses.as_slice()).unwrap_or_default();
    let elsewhere = uses.iter().map(|alias| at(tree, *alias, follow - 1)).find(|shapes| !shapes.is_empty());
    elsewhere.unwrap_or(held)
}

fn values(tree: &Tree, map: NodeId, entry: Entry, follow: usize) -> Vec<&'static Shape> {
    let around = at(tree, map, follow);
    if tree.is_merge_key(entry.key) {
        return around;
    }
    let name = tree.text(entry.key).unwrap_or_default();
    let found: Vec<_> = around
        .iter()
        .filter_map(|shape| match shape {
            Shape::Object(object) => object.key(name).map(|key| key.shape),
            Shape::Map(map) => Some(map.value),
            _ => None,
        })
        .flat_map(forms)
        .collect();
    // An anchored step is a step, wherever it is in the file.
    match CUSTOM_ITEM.key(name).filter(|_| found.is_empty()) {
        Some(key) => forms(key.shape),
        None => found,
    }
}

fn items(lists: &[&'static Shape]) -> Vec<&'static Shape> {
    let item = |shape: &&'static Shape| match shape {
        Shape::List(list) => Some(list.item),
        _ => None,
    };
    lists.iter().filter_map(item).flat_map(forms).collect()
}

/// A shape, or each of its forms.
pub(super) fn forms(shape: &'static Shape) -> Vec<&'static Shape> {
    match shape {
        Shape::OneOf(_, some) => some.iter().flat_map(|form| forms(form)).collect(),
        other => vec![other],
    }
}
