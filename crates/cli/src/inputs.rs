//! What to lint: paths and standard input, named in the order in which they were asked for.

use std::{
    borrow::Cow,
    collections::HashSet,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use crate::{failure::Failure, folder};

/// The argument that stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// More than any pipeline file needs, and little enough to hold in memory.
const SIZE_LIMIT: u64 = 64 << 20;

/// One text to lint.
#[derive(Debug)]
pub(crate) enum Input {
    /// A file by its path, which is also its name in reports.
    File {
        /// The path.
        path: PathBuf,
        /// Whether it was found in a folder, not named.
        found: bool,
    },
    /// Bytes that were read already.
    Read {
        /// What reports call them.
        name: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl Input {
    /// What reports call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.to_string_lossy().into_owned(),
            Self::Read { name, .. } => name.clone(),
        }
    }

    /// Where it is stored; `None` for standard input.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::File { path, .. } => Some(path.clone()),
            Self::Read { .. } => None,
        }
    }

    /// Whether it was found in a folder, not named.
    pub(crate) const fn was_found(&self) -> bool {
        matches!(self, Self::File { found: true, .. })
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>, Failure> {
        match self {
            Self::File { path, .. } => match File::open(path) {
                Ok(file) => {
                    let length = file.metadata().map_or(0, |metadata| metadata.len());
                    read(path, file, length).map(Cow::Owned)
                }
                Err(error) => Err(Failure::Unreadable { path: path.clone(), error }),
            },
            Self::Read { bytes, .. } => Ok(Cow::Borrowed(bytes)),
        }
    }
}

/// The inputs that `paths` ask for, each once, with what could not be found. No path asks for the pipeline of the
/// repository around the current folder. In folders, files that are `included` count
/// too.
pub(crate) fn find(
    paths: &[PathBuf],
    stdin: &mut dyn Read,
    stdin_name: &str,
    included: &mut dyn FnMut(&Path) -> bool,
) -> (Vec<Input>, Vec<Failure>) {
    let mut failures = Vec::new();
    let mut inputs = Vec::new();
    let mut seen = HashSet::new();
    let default = if paths.is_empty() { Some(default_path()) } else { None };
    let asked = default.into_iter().chain(paths.iter().map(|path| Ok(path.clone())));
    for path in asked {
        match path.and_then(|path| expand(path, stdin, stdin_name, included, &mut failures)) {
            Ok(found) => inputs.extend(found.into_iter().filter(|input| seen.insert(input.name()))),
            Err(failure) => failures.push(failure),
        }
    }
    (inputs, failures)
}

fn default_path() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure::Unreadable { path: PathBuf::from("."), error })?;
    folder::pipeline_above(&here)
}

fn expand(
    path: PathBuf,
    stdin: &mut dyn Read,
    stdin_name: &str,
    included: &mut dyn FnMut(&Path) -> bool,
    failures: &mut Vec<Failure>,
) -> Result<Vec<Input>, Failure> {
    if path.as_os_str() == STANDARD_INPUT {
        let bytes = read(Path::new(stdin_name), stdin, 0)?;
        Ok(vec![Input::Read { name: stdin_name.to_owned(), bytes }])
    } else if path.is_dir() {
        let (found, unsearched) = folder::pipelines_below(&path, included);
        failures.extend(unsearched);
        Ok(found.into_iter().map(|path| Input::File { path, found: true }).collect())
    } else {
        Ok(vec![Input::File { path, found: false }])
    }
}

/// `length` is how many bytes there should be.
fn read(path: &Path, mut from: impl Read, length: u64) -> Result<Vec<u8>, Failure> {
    let expected = usize::try_from(length.min(SIZE_LIMIT)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(expected);
    match from.by_ref().take(SIZE_LIMIT + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > SIZE_LIMIT => Err(Failure::TooLarge { path: path.to_owned(), limit: SIZE_LIMIT }),
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::Unreadable { path: path.to_owned(), error }),
    }
}
