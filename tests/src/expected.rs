//! Expected output as files: one for each case, compared in full.

use std::{env, fs};

use crate::checkout;

/// Set to anything, it writes the files instead of comparing them; `git diff` then shows what changed.
const UPDATE: &str = "UPDATE_EXPECTED";

/// Compares a text with `tests/expected/<case>`.
///
/// # Panics
/// When they differ, or the file is missing.
pub fn check(case: &str, found: &str) {
    let file = checkout::root().join("tests/expected").join(case);
    if env::var_os(UPDATE).is_some() {
        fs::create_dir_all(file.parent().expect("a case lies in a folder")).expect("the checkout is writable");
        fs::write(&file, found).expect("the checkout is writable");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == found,
        "{case} differs; `{UPDATE}=1` writes it anew\n--- expected\n{expected}\n--- found\n{found}"
    );
}
