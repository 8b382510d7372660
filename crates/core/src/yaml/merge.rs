//! `<<` merge keys: the fields of a mapping, including those that it merges.

use std::collections::HashSet;

use crate::yaml::{
    scalar::Style,
    tree::{Alias, Kind, NodeId, Tree},
};

/// A key and its value, possibly merged from another mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key, at the place where it is defined.
    pub key: NodeId,
    /// The value, not yet resolved if it is an alias.
    pub value: NodeId,
    /// The value of `<<` in this mapping, if the field is merged from there.
    pub merged_at: Option<NodeId>,
}

impl Tree {
    /// Whether a key is an unquoted `<<`.
    pub fn is_merge_key(&self, key: NodeId) -> bool {
        matches!(&self.node(key).kind, Kind::Scalar(scalar) if scalar.style == Style::Plain && scalar.value == "<<")
    }

    /// Whether `<<` accepts a node: a mapping, a list of mappings, or an invalid alias, which is reported separately.
    pub(super) fn is_mergeable(&self, value: NodeId) -> bool {
        let single = |id| match self.kind(id) {
            Kind::Mapping(_) => true,
            Kind::Alias(Alias { target, .. }) => target.is_none() || self.opaque_aliases,
            _ => self.node(id).incomplete,
        };
        match self.kind(value) {
            Kind::Sequence(items) => items.iter().all(|item| single(*item)),
            _ => single(value),
        }
    }

    /// The fields of the mapping that `id` resolves to: its own in order, then merged fields that it does not override.
    /// Of duplicate keys the later wins, of merged mappings the earlier. Empty for any other node.
    pub fn fields(&self, id: NodeId) -> Vec<Field> {
        let Kind::Mapping(entries) = self.kind(id) else { return Vec::new() };
        if !entries.iter().any(|entry| self.is_merge_key(entry.key)) {
            // Most mappings: nothing can be overridden.
            return entries.iter().map(|entry| Field { key: entry.key, value: entry.value, merged_at: None }).collect();
        }
        let mut fields = Vec::new();
        let mut names = HashSet::new();
        self.collect(id, None, &mut fields, &mut names);
        fields
    }

    /// A field by name, with the precedence of [`Tree::fields`].
    pub fn field(&self, id: NodeId, name: &str) -> Option<Field> {
        let Kind::Mapping(entries) = self.kind(id) else { return None };
        let own =
            entries.iter().rev().find(|entry| self.text(entry.key) == Some(name) && !self.is_merge_key(entry.key));
        if let Some(entry) = own {
            return Some(Field { key: entry.key, value: entry.value, merged_at: None });
        }
        // Merged mappings are searched only if this mapping does not have the key.
        let merges = entries.iter().filter(|entry| self.is_merge_key(entry.key));
        let mut maps = merges.flat_map(|entry| match self.kind(entry.value) {
            Kind::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        });
        maps.find_map(|map| self.field(*map, name).map(|field| Field { merged_at: Some(*map), ..field }))
    }

    /// Whether the mapping merges an unknown alias, which may have been meant to provide keys that seem missing.
    pub fn merges_unknown(&self, id: NodeId) -> bool {
        let Kind::Mapping(entries) = self.kind(id) else { return false };
        let unknown = |id: &NodeId| !matches!(self.kind(*id), Kind::Mapping(_));
        entries.iter().filter(|entry| self.is_merge_key(entry.key)).any(|entry| match self.kind(entry.value) {
            Kind::Sequence(items) => items.iter().any(unknown),
            _ => unknown(&entry.value),
        })
    }

    fn collect<'t>(
        &'t self,
        id: NodeId,
        merged_at: Option<NodeId>,
        fields: &mut Vec<Field>,
        names: &mut HashSet<&'t str>,
    ) {
        let Kind::Mapping(entries) = self.kind(id) else { return };
        let mut own = Vec::new();
        for entry in entries {
            if self.is_merge_key(entry.key) {
                continue;
            }
            let name = self.text(entry.key).unwrap_or_default();
            if !names.contains(name) || name.is_empty() {
                own.push(name);
                fields.push(Field { key: entry.key, value: entry.value, merged_at });
            }
        }
        names.extend(own);
        for entry in entries.iter().filter(|entry| self.is_merge_key(entry.key)) {
            let maps = match self.kind(entry.value) {
                Kind::Sequence(items) => items.as_slice(),
                _ => std::slice::from_ref(&entry.value),
            };
            for map in maps {
                self.collect(*map, merged_at.or(Some(*map)), fields, names);
            }
        }
    }
}
