//! Runs the commands of the README and of guides: `console` blocks are sessions with the files that the page shows, and the
//! README's `sh` blocks contain only commands that a test of this repository runs.

mod session;

use std::{
    fs, io, mem,
    path::{Path, PathBuf},
};

use snapbox::Redactions;

/// A part of a Markdown text.
enum Part<'t> {
    /// Lines between blocks.
    Prose(&'t str),
    /// A fenced block: its language, and its lines.
    Block(&'t str, String),
}

/// The file name for the block that follows.
fn file_marker(line: &str) -> Option<&str> {
    line.strip_prefix("<!-- file: ")?.strip_suffix(" -->")
}

fn parts(markdown: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in markdown.lines() {
        open = match (mem::take(&mut open), line.strip_prefix("```")) {
            (Some((language, lines)), Some("")) => {
                parts.push(Part::Block(language, lines));
                None
            }
            (Some((language, lines)), _) => Some((language, lines + line + "\n")),
            (None, Some(language)) => Some((language, String::new())),
            (None, None) => {
                parts.push(Part::Prose(line));
                None
            }
        };
    }
    parts
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn sessions_come_out_as_written() -> io::Result<()> {
    for page in ["README.md", "docs/migrate.md"] {
        check_sessions(&repository().join(page))?;
    }
    Ok(())
}

fn check_sessions(page: &Path) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut actual = String::new();
    let mut file = None;
    for part in parts(&fs::read_to_string(page)?) {
        match part {
            Part::Prose(line) => {
                file = file_marker(line);
                actual.extend([line, "\n"]);
            }
            Part::Block("console", lines) => {
                actual.extend(["```console\n", &session::replay(&lines, folder.path(), &Redactions::new())?, "```\n"]);
            }
            Part::Block(language, lines) => {
                if let Some(name) = file.take() {
                    let path = folder.path().join(name);
                    fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
                    fs::write(path, &lines)?;
                }
                actual.extend(["```", language, "\n", &lines, "```\n"]);
            }
        }
    }
    session::check(page, actual)
}

#[test]
fn commands_are_those_that_tests_run() -> io::Result<()> {
    let makefile = fs::read_to_string(repository().join("Makefile"))?;
    let hook_test = fs::read_to_string(repository().join("tests/hook/run.sh"))?;
    let readme = fs::read_to_string(repository().join("README.md"))?;
    let mut commands = 0;
    for part in parts(&readme) {
        let Part::Block("sh", lines) = part else { continue };
        for line in lines.lines() {
            let command = line.split("  #").next().unwrap_or_default().trim();
            let run = match command.strip_prefix("make ") {
                Some(target) => makefile.lines().any(|line| line.starts_with(&format!("{target}:"))),
                None => hook_test.contains(command),
            };
            assert!(run, "no test runs `{command}`");
            commands += 1;
        }
    }
    assert!(commands > 0);
    Ok(())
}
