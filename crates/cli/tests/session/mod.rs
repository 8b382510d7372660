//! Shell sessions as test data: commands with everything that they print.
//!
//! ```text
//! $ keyless lint nowhere.yml
//! 2> error: cannot read `nowhere.yml`: no such file or folder
//! [exit status 2]
//! ```
//!
//! A line that begins with `$ ` is a command for `sh`, with the built `keyless` first on its `PATH`. Below it are the
//! lines that it prints, those of standard error after `2> `, and its exit status unless that is 0.
//!
//! This reader exists because `trycmd`, which otherwise does the same, has no shell: more than half of our commands use
//! a pipe, a redirection or a variable, as users do. Running and comparing are `snapbox`'s.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use snapbox::{Assert, Data, Redactions, assert::DEFAULT_ACTION_ENV, cmd::Command};

/// Generous, because the machine may be busy.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Runs the commands of `session` in `folder` and returns the session with their actual output.
pub(crate) fn replay(session: &str, folder: &Path, redactions: &Redactions) -> io::Result<String> {
    let mut record = String::new();
    for command in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
        record.extend(["$ ", command, "\n"]);
        record.push_str(&redactions.redact(&transcript(command, &shell(command, folder)?)?));
    }
    Ok(record)
}

fn transcript(command: &str, output: &Output) -> io::Result<String> {
    let mut lines = String::from_utf8(output.stdout.clone()).map_err(io::Error::other)?;
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push_str("\n[no line break]\n");
    }
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        lines.extend(["2> ", line, "\n"]);
    }
    match output.status.code() {
        Some(0) => {}
        Some(status) => lines.extend(["[exit status ", &status.to_string(), "]\n"]),
        None => return Err(io::Error::other(format!("`{command}` was killed, after {TIME_LIMIT:?} at the latest"))),
    }
    Ok(lines)
}

fn shell(command: &str, folder: &Path) -> io::Result<Output> {
    let binary = Path::new(env!("CARGO_BIN_EXE_keyless"));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = binary.parent().map(PathBuf::from).into_iter().chain(env::split_paths(&path));
    Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env_clear()
        .env("PATH", env::join_paths(folders).map_err(io::Error::other)?)
        .timeout(TIME_LIMIT)
        .output()
}

/// Compares `actual` with the whole of `file`, literally: in the output of `keyless`, `...` and `[..]` are not wildcards.
pub(crate) fn check(file: &Path, actual: String) -> io::Result<()> {
    Assert::new()
        .action_env(DEFAULT_ACTION_ENV)
        .try_eq(None, Data::text(actual), Data::read_from(file, None).raw())
        .map_err(io::Error::other)
}
