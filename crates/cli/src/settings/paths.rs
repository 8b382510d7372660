//! Patterns of paths in `keyless.yaml`, written as in a `.gitignore`.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use keyless_core::settings::PathPattern;

/// The patterns of a list. Invalid ones were reported before.
pub(super) fn read(patterns: &[PathPattern]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for PathPattern(pattern) in patterns {
        let _ = builder.add_line(None, pattern);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Whether patterns match a path, relative to where they hold, or a folder that it is in.
pub(super) fn matches(patterns: &Gitignore, path: &Path) -> bool {
    !patterns.is_empty() && !path.has_root() && patterns.matched_path_or_any_parents(path, false).is_ignore()
}

/// What is wrong with a pattern.
pub(super) fn error(pattern: &str) -> Option<String> {
    if pattern.trim().is_empty() {
        return Some("pattern is empty".to_owned());
    }
    if pattern == "." || pattern.starts_with("./") || pattern.starts_with("../") {
        return Some(format!("pattern `{pattern}` never matches: patterns cannot start with `./` or `../`"));
    }
    let invalid = GitignoreBuilder::new("").add_line(None, pattern).err()?;
    let reason = match &invalid {
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    };
    Some(format!("invalid pattern `{pattern}`: {reason}"))
}
