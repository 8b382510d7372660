//! From an alias to its anchor, and back.

use crate::{
    text::Span,
    yaml::{Kind, Tree},
};
use serde::Serialize;

/// A range of the file.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "DefinitionTarget"))]
pub struct Target {
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How many bytes it has.
    pub length: usize,
}

impl From<Span> for Target {
    fn from(span: Span) -> Self {
        Self { offset: span.start, length: span.len() }
    }
}

/// The anchor of the alias at a byte offset, or the uses of the anchor there.
pub fn at(tree: &Tree, offset: usize) -> Vec<Target> {
    let touches = |span: Span| span.start <= offset && offset <= span.end;
    if let Some(anchor) = tree.anchors().iter().find(|anchor| touches(anchor.span)) {
        return anchor.uses.iter().map(|alias| tree.span(*alias).into()).collect();
    }
    let target = tree.ids().find_map(|id| match &tree.node(id).kind {
        Kind::Alias(alias) if touches(tree.span(id)) => alias.target,
        _ => None,
    });
    let anchor = target.and_then(|target| tree.node(target).anchor).and_then(|index| tree.anchors().get(index));
    anchor.map(|anchor| anchor.span.into()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{Target, at};
    use crate::yaml::{Limits, parse};

    const FILE: &str = "a: &x 1\nb: *x\nc: [*x]\n";

    #[test]
    fn an_alias_leads_to_its_anchor_and_the_anchor_to_its_uses() {
        let (tree, _) = parse(FILE, Limits::default());
        assert_eq!(at(&tree, 12), [Target { offset: 3, length: 2 }]);
        assert_eq!(at(&tree, 4), [Target { offset: 11, length: 2 }, Target { offset: 18, length: 2 }]);
        assert_eq!(at(&tree, 6), []);
    }
}
