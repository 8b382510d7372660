//! Shell sessions as test data: commands with everything that they print.
//!
//! ```text
//! $ keyless lint nowhere.yml
//! 2> error: cannot read `nowhere.yml`: no such file or folder
//! [exit status 2]
//! ```
//!
//! A line that begins with `$ ` is a command for `sh`, with the built `keyless` first on its `PATH`. Below it stand the
//! lines that it prints, those of standard error after `2> `, and its exit status where that is not 0.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Nothing that a user types may take longer than this, on a machine that does much else at the time.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Runs the commands of `session` in `folder` and writes the session down anew.
pub(crate) fn replay(session: &str, folder: &Path) -> io::Result<String> {
    let mut record = Vec::new();
    for command in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let started = Instant::now();
        let output = shell(command, folder)?;
        let elapsed = started.elapsed();
        assert!(elapsed < TIME_LIMIT, "`{command}` took {elapsed:?}");
        write_down(command, &output, &mut record)?;
    }
    String::from_utf8(record).map_err(io::Error::other)
}

fn write_down(command: &str, output: &Output, record: &mut impl io::Write) -> io::Result<()> {
    writeln!(record, "$ {command}")?;
    record.write_all(&output.stdout)?;
    if output.stdout.last().is_some_and(|&last| last != b'\n') {
        writeln!(record, "[no line break]")?;
    }
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        writeln!(record, "2> {line}")?;
    }
    match output.status.code() {
        Some(0) => Ok(()),
        Some(status) => writeln!(record, "[exit status {status}]"),
        None => writeln!(record, "[killed]"),
    }
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
        .stdin(Stdio::null())
        .output()
}

/// Compares, or with `UPDATE_EXPECTED` set writes `actual` into `file`.
pub(crate) fn check(file: &Path, actual: &str) -> io::Result<()> {
    let expected = fs::read_to_string(file)?;
    if actual == expected {
        Ok(())
    } else if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(file, actual)
    } else {
        Err(io::Error::other(format!(
            "{} differs; UPDATE_EXPECTED=1 rewrites it\n--- expected\n{expected}\n--- actual\n{actual}",
            file.display()
        )))
    }
}
