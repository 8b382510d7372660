//! `pipe.yml` and the README say what the table of variables says.
#![allow(clippy::expect_used)] // clippy knows functions with #[test] alone as tests

use std::{env, fs, path::Path};

use keyless_pipe::documentation;

/// Compares a part of a file with what it should be, or writes it when `UPDATE_EXPECTED` is set.
fn check(file: &str, part: (&str, &str), expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let start = text.find(part.0).map_or(0, |at| at + part.0.len());
    let end = if part.1.is_empty() { text.len() } else { text.find(part.1).unwrap_or(text.len()) };
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, format!("{}{expected}{}", &text[..start], &text[end..])).expect("the checkout is writable");
    } else {
        assert_eq!(
            &text[start..end],
            expected,
            "{file}: `UPDATE_EXPECTED=1 cargo test -p keyless-pipe` writes it anew"
        );
    }
}

#[test]
fn pipe_yml_lists_the_variables() {
    check("pipe.yml", ("", ""), &documentation::pipe_yml());
}

#[test]
fn the_readme_lists_the_variables() {
    check("README.md", ("<!-- variables -->\n", "<!-- end of variables -->"), &documentation::table());
}
