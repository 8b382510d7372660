//! The files that decide what runs with the session. The app's code runs before them, as the same user, and must not change them.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// What a file was when it was looked at. Writing to it, replacing it or changing its mode changes `ctime`, which no program can
/// set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// The files and what they were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tools {
    files: Vec<(PathBuf, Option<State>)>,
}

impl Tools {
    /// Looks at files, and at everything in folders. Links are followed in `paths` only.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn look_at(paths: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let mut waiting: Vec<PathBuf> = paths.into_iter().collect();
        let mut files = Vec::new();
        while let Some(path) = waiting.pop() {
            if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                for entry in fs::read_dir(&path)? {
                    waiting.push(entry?.path());
                }
            }
            let state = State::of(&path);
            files.push((path, state));
        }
        Ok(Self { files })
    }

    /// The first file that is not what it was.
    pub(crate) fn changed(&self) -> Option<&Path> {
        self.files.iter().find(|(path, state)| State::of(path) != *state).map(|(path, _)| path.as_path())
    }
}

impl State {
    /// The state of a file, following links; nothing when there is none.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Some(Self { device: metadata.dev(), inode: metadata.ino(), size: metadata.size(), changed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed_even_with_the_same_size_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::create_dir(file("lib")).unwrap();
        fs::write(file("lib/index.js"), "one").unwrap();
        let look = || Tools::look_at([folder.path().to_owned(), file("cdk.json")]).unwrap();
        let before = look();
        assert_eq!(before.changed(), None);
        let modified = fs::metadata(file("lib/index.js")).unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(file("lib/index.js"), "two").unwrap();
        fs::File::options().append(true).open(file("lib/index.js")).unwrap().set_modified(modified).unwrap();
        assert_eq!(before.changed(), Some(file("lib/index.js").as_path()));
        let before = look();
        fs::write(file("cdk.json"), "{}").unwrap();
        assert!(before.changed().is_some());
        let before = look();
        fs::remove_file(file("lib/index.js")).unwrap();
        assert!(before.changed().is_some());
    }
}
