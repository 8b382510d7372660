//! Every folder in `cases` is a test: its `session` is run in a copy of the folder and must print what it says.
//! `SNAPSHOTS=overwrite` updates the sessions.

mod session;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use snapbox::Redactions;

const SESSION: &str = "session";

#[test]
fn sessions_come_out_as_written() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    let failures: Vec<String> =
        folders.iter().filter_map(|folder| run(folder).err()).map(|error| error.to_string()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn run(case: &Path) -> io::Result<()> {
    let session = case.join(SESSION);
    let scratch = tempfile::tempdir()?;
    copy_folder(case, scratch.path())?;
    let mut redactions = Redactions::new();
    redactions.insert("[VERSION]", env!("CARGO_PKG_VERSION")).map_err(io::Error::other)?;
    session::check(&session, session::replay(&fs::read_to_string(&session)?, scratch.path(), &redactions)?)
}

/// Copies all but the session itself.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_name() != SESSION {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
