//! The manual pages, one for each command. `make man` writes them to `target/man`; a test keeps them readable. What renders them
//! is not a part of the command.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command as Process,
};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::args::Arguments;

/// The date of the pages; it changes with the version.
const DATE: &str = "2026-12-01";

/// What the pages say otherwise than `clap_mangen` writes it: one macro for an empty line, and headings that a reader expects.
const REPLACED: [(&str, &str); 3] =
    [(".br\n\n.br\n", ".sp\n"), (".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n"), (".SH EXTRA\n", ".SH NOTES\n")];

/// Writes the page of a command and those of its subcommands, and returns their files.
fn write_pages(command: &Command, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let source = concat!("keyless ", env!("CARGO_PKG_VERSION"));
    let page = Man::new(command.clone()).title(name.to_uppercase()).date(DATE).source(source).manual("keyless");
    let file = folder.join(format!("{name}.1"));
    let mut text = Vec::new();
    page.render(&mut text)?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    for (from, to) in REPLACED {
        text = text.replace(from, to);
    }
    fs::write(&file, text)?;
    files.push(file);
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| write_pages(command, folder, files))
}

#[test]
fn the_pages_can_be_read() -> io::Result<()> {
    let scratch = tempfile::tempdir()?;
    let folder = env::var_os("KEYLESS_MAN").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut files = Vec::new();
    write_pages(&command, &folder, &mut files)?;
    let lint = fs::read_to_string(folder.join("keyless-lint.1"))?;
    assert!(lint.contains("keyless lint services/") && lint.contains(".SH EXAMPLES"), "{lint}");
    assert!(folder.join("keyless-trust-check.1").is_file());
    match Process::new("mandoc").args(["-T", "lint", "-W", "warning"]).args(&files).output() {
        Ok(judged) => assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout)),
        Err(error) => eprintln!("mandoc did not read the pages: {error}; `tests/system.sh shells` installs it"),
    }
    Ok(())
}
