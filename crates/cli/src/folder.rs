//! Pipeline files below a folder, and the one that belongs to the folder where a command runs.

use std::{
    collections::HashMap,
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::failure::Failure;

/// The name that Bitbucket reads, at the root of a repository.
pub(crate) const PIPELINE_FILE: &str = "bitbucket-pipelines.yml";

/// That name, and `bitbucket-pipelines.yaml`, which a rule reports.
const PIPELINE_STEM: &str = "bitbucket-pipelines";

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
    Above::new(name).find(here)
}

/// Finds a file of the repository around many folders: each folder above them is looked at once.
pub(crate) struct Above<'n> {
    name: &'n str,
    known: HashMap<PathBuf, Around>,
}

/// What is known of a folder.
#[derive(Clone, Copy, Default)]
struct Around {
    in_repository: bool,
    /// How many folders up the file is; outside of a repository, only the folder itself counts.
    levels: Option<usize>,
}

impl<'n> Above<'n> {
    pub(crate) fn new(name: &'n str) -> Self {
        Self { name, known: HashMap::new() }
    }

    /// The path from an absolute folder to the file.
    pub(crate) fn find(&mut self, absolute: &Path) -> Option<PathBuf> {
        let levels = self.around(absolute).levels?;
        Some(std::iter::repeat_n("..", levels).collect::<PathBuf>().join(self.name))
    }

    fn around(&mut self, folder: &Path) -> Around {
        if let Some(known) = self.known.get(folder) {
            return *known;
        }
        let own = folder.join(self.name).is_file().then_some(0);
        let around = if is_repository(folder) {
            Around { in_repository: true, levels: own }
        } else {
            let above = folder.parent().map(|parent| self.around(parent)).unwrap_or_default();
            let higher = above.levels.filter(|_| above.in_repository).map(|levels| levels + 1);
            Around { in_repository: above.in_repository, levels: own.or(higher) }
        };
        self.known.insert(folder.to_owned(), around);
        around
    }
}

/// The files to lint below `folder`, in the order of their paths, and why parts of it could not be searched.
///
/// They are those that Bitbucket could read by their name, those named `*pipelines.yml` that others import, and those that
/// are `included`. A folder
/// that has none is taken for a collection of pipelines, and every YAML file below it counts, unless it is a repository:
/// there the pipeline is missing.
pub(crate) fn pipelines_below(folder: &Path, mut included: impl FnMut(&Path) -> bool) -> (Vec<PathBuf>, Vec<Failure>) {
    let Found { mut named, mut yaml, mut failures } = search(folder);
    named.extend(yaml.extract_if(.., |path| included(path)));
    let found = if !named.is_empty() {
        named.sort();
        named
    } else if yaml.is_empty() {
        if failures.is_empty() {
            failures.push(Failure::EmptyFolder(folder.to_owned()));
        }
        Vec::new()
    } else if is_repository(folder) {
        failures.push(Failure::NoPipelineInRepository(folder.to_owned()));
        Vec::new()
    } else {
        yaml.sort();
        yaml
    };
    (found, failures)
}

/// What a folder contains.
#[derive(Default)]
struct Found {
    /// Pipeline files, by their names.
    named: Vec<PathBuf>,
    /// Other YAML files.
    yaml: Vec<PathBuf>,
    failures: Vec<Failure>,
}

/// Searches a folder with all processors, without what git ignores. Links to folders are not followed, so that a circle of
/// them ends.
fn search(folder: &Path) -> Found {
    let (sender, receiver) = mpsc::channel();
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .parents(true)
        .git_ignore(true)
        .git_exclude(true)
        .git_global(true)
        .threads(thread::available_parallelism().map_or(1, NonZero::get))
        .filter_entry(|entry| entry.depth() == 0 || !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped))
        .build_parallel();
    walk.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            // the receiver outlives the search
            let _ = match entry {
                Ok(entry) => classify(entry).map_or(Ok(()), |classified| sender.send(Ok(classified))),
                Err(error) => sender.send(Err(error)),
            };
            WalkState::Continue
        })
    });
    drop(sender);
    let mut found = Found::default();
    for classified in receiver {
        match classified {
            Ok((Kind::Named, path)) => found.named.push(path),
            Ok((Kind::Yaml, path)) => found.yaml.push(path),
            Err(error) => found.failures.push(Failure::Unsearchable { folder: folder.to_owned(), error }),
        }
    }
    found.failures.sort_by_cached_key(Failure::to_string);
    found
}

/// What a file could be.
enum Kind {
    /// A pipeline.
    Named,
    /// A pipeline only in a folder without named ones.
    Yaml,
}

/// What a file of a folder could be; `None` for folders and other files.
fn classify(entry: DirEntry) -> Option<(Kind, PathBuf)> {
    let stem = Path::new(entry.file_name()).file_stem()?.to_str().unwrap_or_default();
    let has_name = Path::new(entry.file_name()).extension().is_some_and(|name| name == "yml" || name == "yaml");
    if !has_name || entry.file_type().is_some_and(|kind| kind.is_dir()) || !entry.path().is_file() {
        return None;
    }
    let read = || fs::read(entry.path()).unwrap_or_default();
    let is_named = is_pipeline(stem, read);
    let path = entry.into_path();
    // `./` says nothing in a report
    let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
    Some((if is_named { Kind::Named } else { Kind::Yaml }, path))
}

/// Whether a YAML file is a pipeline by its name without extension: the one that Bitbucket reads, or one that others import
/// and that has one of the keys that a pipeline file has at the top. Another CI system's `azure-pipelines.yml` has none of them.
pub(crate) fn is_pipeline<T: AsRef<[u8]>>(stem: &str, text: impl FnOnce() -> T) -> bool {
    let keys = ["pipelines:", "definitions:", "export:"];
    let has_key = |text: &[u8]| {
        text.split(|byte| *byte == b'\n').any(|line| keys.iter().any(|key| line.starts_with(key.as_bytes())))
    };
    stem == PIPELINE_STEM || stem.ends_with("pipelines") && has_key(text().as_ref())
}

/// Whether `folder` is the root of a work tree; `.git` is a file in a linked one.
fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists()
}
