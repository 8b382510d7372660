//! `docs/pipeline-language.md` is the language table; `UPDATE_EXPECTED=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{env, fs, path::Path};

#[test]
fn the_reference_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pipeline-language.md");
    let page = keyless_core::language::reference();
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap() == page, "docs/pipeline-language.md is not what the table says");
}
