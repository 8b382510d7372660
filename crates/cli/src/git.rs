//! Calls of `git`.

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
};

/// The output of a command in a folder, or what it says is wrong.
///
/// # Errors
/// If `git` cannot be run.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> io::Result<Result<String, String>> {
    run_with(folder, arguments, &[], None)
}

/// The same with variables of the environment and a standard input.
///
/// # Errors
/// If `git` cannot be run.
pub(crate) fn run_with(
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &OsStr)],
    input: Option<&str>,
) -> io::Result<Result<String, String>> {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // it says itself what is wrong if it stops reading
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() {
        return Ok(Ok(text(&output.stdout)));
    }
    let said = text(&output.stderr);
    let first = said.lines().next().unwrap_or_default();
    Ok(Err(first.strip_prefix("fatal: ").unwrap_or(first).to_owned()))
}
