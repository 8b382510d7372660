//! Bitbucket's pipeline language as one table: every key at every level, with its type, limits and description.
//!
//! These facts are only here. [`check()`] checks a file against the table; rules such as `unknown-key` and `wrong-type`
//! report the violations; the reference page is generated from it.
//!
//! Sources: Atlassian's published JSON schema (<https://api.bitbucket.org/schemas/pipelines-configuration>, read
//! 2026-10) for keys, types and limits; the pages under <https://support.atlassian.com/bitbucket-cloud/docs/> for what
//! the schema omits. If the two disagree, or if only a secondary source mentions a key, the entry has a `Key::doubt`, and
//! no problem with it is reported as an error.

mod check;
mod pipelines;
mod reference;
mod root;
mod runtime;
mod shape;
mod step;

pub use check::{Violation, ViolationKind, check, is_step};
pub use pipelines::{CUSTOM_ITEM, GROUP_ITEM, ITEM, STAGE, STAGE_ITEM};
pub use reference::reference;
pub use root::{DEFINITIONS, OPTIONS, PIPELINES, ROOT};
pub use shape::{Coercion, IntegerShape, Key, ListShape, MapShape, Object, ObjectId, Shape, StringShape};
pub use step::{FINAL, PIPE, STEP};

/// Every object of the language, the root first, each once: what the reference page lists.
pub fn objects() -> Vec<&'static Object> {
    let mut found: Vec<&'static Object> = Vec::new();
    let mut waiting = vec![&ROOT];
    while let Some(object) = waiting.pop() {
        if found.iter().any(|known| known.id == object.id) {
            continue;
        }
        found.push(object);
        for key in object.keys.iter().rev() {
            key.shape.objects(&mut waiting);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Object, ObjectId, ROOT, objects};
    use crate::yaml::{Limits, parse};

    #[test]
    fn a_step_that_nothing_uses_is_checked_once() {
        let (tree, _) = parse(
            "definitions:\n  steps:\n    - step: &a\n        scirpt: []\n        script: [1]\n",
            Limits::default(),
        );
        assert_eq!(super::check(&tree).len(), 2);
    }

    #[test]
    fn ids_of_objects_are_unique() {
        // the table has no cycles, so the walk ends without remembering where it has been
        let mut waiting: Vec<&Object> = vec![&ROOT];
        let mut keys: HashMap<ObjectId, Vec<&str>> = HashMap::new();
        while let Some(object) = waiting.pop() {
            let names: Vec<_> = object.names().collect();
            assert_eq!(*keys.entry(object.id).or_insert_with(|| names.clone()), names, "{:?}", object.id);
            object.keys.iter().for_each(|key| key.shape.objects(&mut waiting));
        }
    }

    #[test]
    fn every_key_is_documented_and_named_once_in_its_object() {
        let objects = objects();
        assert!(objects.len() > 30, "{}", objects.len());
        for object in objects {
            for (index, key) in object.keys.iter().enumerate() {
                assert!(!key.doc.is_empty() && !key.doc.ends_with('.'), "{}.{}", object.name, key.name);
                assert!(
                    object.keys[..index].iter().all(|other| other.name != key.name),
                    "{}.{}",
                    object.name,
                    key.name
                );
            }
        }
    }
}
