//! The caches of the steps of an [`Analysis`].

use crate::{
    analysis::Analysis,
    facts::{Install, Path},
    pipeline::{NODE_CACHE, Step},
    text::Span,
};

/// A `node_modules` in the clone that a step caches.
pub(crate) struct NodeModules<'f> {
    /// The name of the cache.
    pub cache: &'f str,
    /// The item under `caches`.
    pub span: Span,
    /// The folder that contains it, relative to the clone; empty for the clone itself.
    pub project: String,
}

impl<'f> Analysis<'f> {
    /// Whether a cache has the folder that Bitbucket gives it.
    pub(crate) fn is_predefined_cache(&self, name: &str) -> bool {
        !self.model.definitions.caches.iter().any(|cache| cache.name.value == name)
    }

    /// Every `node_modules` in the clone that a step caches.
    pub(crate) fn cached_node_modules(&self, step: &Step<'f>) -> Vec<NodeModules<'f>> {
        let caches = step.caches.iter().filter_map(|cache| {
            let defined = self.model.definitions.caches.iter().find(|defined| defined.name.value == cache.value);
            let path = match defined {
                None if cache.value == NODE_CACHE.0 => NODE_CACHE.1,
                None => return None,
                Some(defined) => {
                    let fields = self.tree.fields(defined.node);
                    let path = fields.iter().find(|field| self.text(field.key) == "path").map(|field| field.value);
                    self.tree.text(path.unwrap_or(defined.node))?
                }
            };
            let path = path.trim_end_matches("/**").trim_end_matches('/').trim_start_matches("./");
            let path = path.strip_prefix("$BITBUCKET_CLONE_DIR/").unwrap_or(path);
            let project = path.strip_suffix(NODE_CACHE.1)?.trim_end_matches('/');
            let plain = !path.starts_with(['/', '~']) && !path.contains(['$', '*', '{']);
            plain.then(|| NodeModules { cache: cache.value, span: cache.span(self.tree), project: project.to_owned() })
        });
        caches.collect()
    }
}

/// The directory of an install relative to the clone, empty for the clone itself; `None` if it is elsewhere or unknown.
pub(crate) fn project(install: &Install) -> Option<&str> {
    let directory = install.directory.as_ref()?;
    if directory.written() == Some("$BITBUCKET_CLONE_DIR") { Some("") } else { Path::in_clone(directory) }
}
