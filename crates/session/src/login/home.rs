//! A file in the home folder that exists for the time of a run.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use crate::package_managers::Existing;

/// A file that was created or appended to. Dropping it restores what was there before.
pub(super) struct TemporaryFile {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

/// What became of a file.
pub(super) enum Written {
    /// It is there until this is dropped.
    Placed(TemporaryFile),
    /// It has this content, and was left as it is.
    Kept(String),
}

impl TemporaryFile {
    /// Writes a file that only its owner can read. What happens to an existing file depends on `existing`.
    pub(super) fn write(path: PathBuf, existing: Existing, text: &str) -> io::Result<Written> {
        let before = match fs::read(&path) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(before) = &before {
            let content = String::from_utf8_lossy(before);
            let is_appended = match existing {
                Existing::Appended => true,
                Existing::AppendedWithout(key) => !content.lines().any(|line| line.starts_with(key)),
                Existing::Kept => false,
            };
            if !is_appended {
                return Ok(Written::Kept(content.into_owned()));
            }
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        // From here on, dropping it restores the file.
        let placed = Self { path, before };
        let needs_end = placed.before.as_ref().is_some_and(|before| !before.is_empty() && !before.ends_with(b"\n"));
        file.write_all(format!("{}{text}\n", if needs_end { "\n" } else { "" }).as_bytes())?;
        Ok(Written::Placed(placed))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // A failure cannot be reported from here.
        let _ = match &self.before {
            Some(before) => fs::write(&self.path, before),
            None => fs::remove_file(&self.path),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_as_it_was_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("a/new"), folder.path().join("old"));
        fs::write(&old, "before").unwrap();
        let placed = [
            TemporaryFile::write(new.clone(), Existing::Kept, "x"),
            TemporaryFile::write(old.clone(), Existing::Appended, "y"),
            TemporaryFile::write(old.clone(), Existing::AppendedWithout("z"), "z: 1"),
        ];
        assert_eq!(fs::read_to_string(&new).unwrap(), "x\n");
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o600);
        let appended = "before\ny\nz: 1\n";
        assert_eq!(fs::read_to_string(&old).unwrap(), appended);
        for existing in [Existing::Kept, Existing::AppendedWithout("z")] {
            let written = TemporaryFile::write(old.clone(), existing, "z: 2").unwrap();
            assert!(matches!(written, Written::Kept(content) if content == appended), "{existing:?}");
        }
        placed.into_iter().rev().for_each(drop);
        assert_eq!((new.exists(), fs::read_to_string(&old).unwrap().as_str()), (false, "before"));
    }
}
