//! This repository's own pipeline has no findings, not even hints.

use std::{path::Path, process::Command};

#[test]
fn nothing_is_found_in_our_own_pipeline() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let linted = Command::new(env!("CARGO_BIN_EXE_keyless"))
        .args(["lint", "bitbucket-pipelines.yml"])
        .current_dir(repository)
        .output()
        .unwrap();
    let written = [linted.stdout, linted.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(written, ["no findings in 1 file\n", ""]);
}

#[test]
fn the_image_has_the_compiler_of_the_toolchain_file() {
    let read =
        |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap();
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    assert!(read("bitbucket-pipelines.yml").contains(&format!("image: rust:{channel}-")), "{channel}");
}
