//! Pipeline files below a folder, and the one that belongs to the folder where a command runs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// The name that Bitbucket reads, at the root of a repository.
pub(crate) const PIPELINE_FILE: &str = "bitbucket-pipelines.yml";

/// Folders whose content belongs to a tool.
const SKIPPED: [&str; 2] = [".git", "node_modules"];

/// The pipeline file of the repository around `here`: in this folder, or else the next one above it up to the
/// repository's root.
pub(crate) fn pipeline_above(here: &Path) -> Result<PathBuf, Failure> {
    above(here, PIPELINE_FILE).ok_or(Failure::NoPipelineFile)
}

/// A file of the repository around `here`: in this folder, or else in the next one above it that has it, up to the
/// repository's root.
pub(crate) fn above(here: &Path, name: &str) -> Option<PathBuf> {
    let folders_to_root = here.ancestors().position(is_repository).map_or(1, |above| above + 1);
    let mut folder = PathBuf::new();
    for absolute in here.ancestors().take(folders_to_root) {
        if absolute.join(name).is_file() {
            return Some(folder.join(name));
        }
        folder.push("..");
    }
    None
}

/// The files to lint below `folder`, in the order of their paths.
///
/// They are those that Bitbucket could read by their name. A folder that has none is taken for a collection of
/// pipelines, and every YAML file below it counts, unless it is a repository: there the pipeline is missing.
pub(crate) fn pipelines_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut yaml = Vec::new();
    collect_yaml(folder, &mut yaml)?;
    yaml.sort();
    let named: Vec<PathBuf> = yaml.iter().filter(|path| has_pipeline_name(path)).cloned().collect();
    if !named.is_empty() {
        Ok(named)
    } else if yaml.is_empty() {
        Err(Failure::EmptyFolder(folder.to_owned()))
    } else if is_repository(folder) {
        Err(Failure::NoPipelineInRepository(folder.to_owned()))
    } else {
        Ok(yaml)
    }
}

/// Links to folders are not followed, so that a circle of them ends.
fn collect_yaml(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: io::Error| Failure::Unreadable { path: folder.to_owned(), error };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            if !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
                collect_yaml(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") && path.is_file()
        {
            // `./` says nothing in a report
            found.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(())
}

fn has_pipeline_name(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "bitbucket-pipelines")
}

/// Whether `folder` is the root of a work tree; `.git` is a file in a linked one.
fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists()
}
