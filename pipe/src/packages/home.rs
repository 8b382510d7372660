//! A file in the home folder that is there for a while.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

/// A file that was made or added to. Dropped, it is as it was.
pub(super) struct Placed {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

impl Placed {
    /// Writes a text, readable by its owner alone. Where there is a file already, the text is added to it or, when `added` is
    /// not wanted, nothing happens.
    pub(super) fn new(path: PathBuf, added: bool, text: &str) -> io::Result<Option<Self>> {
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
        // From here on dropping it puts things right.
        let placed = Self { path, before };
        let needs_end = placed.before.as_ref().is_some_and(|before| !before.is_empty() && !before.ends_with(b"\n"));
        file.write_all(format!("{}{text}\n", if needs_end { "\n" } else { "" }).as_bytes())?;
        Ok(Some(placed))
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure.
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
        let placed = [Placed::new(new.clone(), false, "x"), Placed::new(old.clone(), true, "y")];
        assert_eq!(fs::read_to_string(&new).unwrap(), "x\n");
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&old).unwrap(), "before\ny\n");
        assert!(Placed::new(old.clone(), false, "z").unwrap().is_none());
        drop(placed);
        assert_eq!((new.exists(), fs::read_to_string(&old).unwrap().as_str()), (false, "before"));
    }
}
