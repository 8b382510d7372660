//! `pipe.yml` and the README list the variables of the table; `SNAPSHOTS=overwrite` updates both.

use std::fs;

use keyless_pipe::documentation;
use snapbox::{assert_data_eq, file};

const START: &str = "<!-- variables -->\n";
const END: &str = "<!-- end of variables -->";

#[test]
fn pipe_yml_lists_the_variables() {
    assert_data_eq!(documentation::pipe_yml(), file!["../pipe.yml"].raw());
}

#[test]
fn the_readme_lists_the_variables() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (before, rest) = readme.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let updated = [before, START, &documentation::table(), END, after].concat();
    assert_data_eq!(updated, file!["../README.md"].raw());
}
