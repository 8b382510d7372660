//! What fixes make of a source: written to a file, or shown as a diff.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use similar::TextDiff;
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Replaces the content of a file. The file is whole at every moment: the new one is complete before it takes the old
/// one's place.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text).map_err(|error| Failure::Unfixable { path: path.to_owned(), error })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    // a link stays one, and what it leads to is replaced
    let path = fs::canonicalize(path)?;
    let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// The way from one text to the other as a unified diff, which `patch` and `git apply` understand.
pub(crate) fn diff(name: &str, before: &str, after: &str) -> String {
    let name = name.trim_start_matches('/');
    let (old, new) = (format!("a/{name}"), format!("b/{name}"));
    TextDiff::from_lines(before, after).unified_diff().header(&old, &new).to_string()
}
