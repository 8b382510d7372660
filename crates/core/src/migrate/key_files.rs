//! Shell files with keys that one step writes for others: `echo "export AWS_ACCESS_KEY_ID=$KEY" > env.sh`.

use super::names::{KEY_ID, SECRET};
use crate::{
    analysis::Analysis,
    facts::{FileWrite, Value},
};

/// A shell file with a key.
pub(super) struct KeyFile {
    /// Its path, relative to the clone directory.
    pub(super) path: String,
    /// The variable that holds the key.
    pub(super) variable: String,
}

/// The files of all steps.
pub(super) fn of_file(file: &Analysis<'_>) -> Vec<KeyFile> {
    let writes = file.facts.steps.iter().flat_map(|facts| &facts.writes);
    let found = writes.filter_map(|write| {
        let path = write.path.in_clone()?.to_owned();
        let key = keys(write).into_iter().flatten().find(|(name, _)| *name == KEY_ID)?.1;
        Some(KeyFile { path, variable: key.copy_of()?.to_owned() })
    });
    found.collect()
}

/// What the lines of a write assign to the variables of a key; `None` for a line that does something else.
pub(super) fn keys(write: &FileWrite) -> Vec<Option<(&'static str, Value)>> {
    let lines = write.content.lines();
    lines.iter().filter(|line| !line.is_empty()).map(assigned).collect()
}

fn assigned(line: &Value) -> Option<(&'static str, Value)> {
    let (name, value) = line.key_and_value()?;
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let key = [KEY_ID, SECRET].into_iter().find(|key| *key == name)?;
    Some((key, value))
}
