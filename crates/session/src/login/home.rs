//! A file in the home folder that exists for the time of a run.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

/// A file that was created or appended to. Dropping it restores what was there before.
pub(super) struct TemporaryFile {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

impl TemporaryFile {
    /// Writes a file that only its owner can read. An existing file is appended to if `added` is set, and left alone if not.
    pub(super) fn write(path: PathBuf, added: bool, text: &str) -> io::Result<Option<Self>> {
        let before = match fs::read(&path) {
            Ok(_) if !added => return Ok(None),
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        // From here on, dropping it restores the file.
        let placed = Self { path, before };
        let needs_end = placed.before.as_ref().is_some_and(|before| !before.is_empty() && !before.ends_with(b"\n"));
        file.write_all(format!("{}{text}\n", if needs_end { "\n" } else { "" }).as_bytes())?;
        Ok(Some(placed))
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
        let placed = [TemporaryFile::write(new.clone(), false, "x"), TemporaryFile::write(old.clone(), true, "y")];
        assert_eq!(fs::read_to_string(&new).unwrap(), "x\n");
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&old).unwrap(), "before\ny\n");
        assert!(TemporaryFile::write(old.clone(), false, "z").unwrap().is_none());
        drop(placed);
        assert_eq!((new.exists(), fs::read_to_string(&old).unwrap().as_str()), (false, "before"));
    }
}
