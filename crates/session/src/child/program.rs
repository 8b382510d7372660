//! Where the file of a program is.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The file of a program, as a process in `folder` finds it: by its path, or in the folders of a PATH.
pub fn find_program(name: &OsStr, folder: &Path, path: &OsStr) -> Option<PathBuf> {
    if name.as_encoded_bytes().contains(&b'/') {
        return Some(folder.join(name)).filter(|file| is_executable(file));
    }
    let folders = env::split_paths(path).filter(|place| !place.as_os_str().is_empty());
    folders.map(|place| place.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
