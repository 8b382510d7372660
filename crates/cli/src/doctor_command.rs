//! `keyless doctor`: `keyless-aws doctor` under the name that people look for. This command calls neither AWS nor Bitbucket,
//! so that a pre-commit hook builds it fast; its sibling does.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{failure::Failure, run::Outcome, streams::Streams};

/// The command that looks.
const SIBLING: &str = "keyless-aws";

pub(crate) fn run(arguments: &[OsString], streams: &mut Streams<'_>) -> io::Result<Outcome> {
    // what it prints comes after what was printed here
    streams.output.flush()?;
    let status = Command::new(sibling()).arg("doctor").args(arguments).status();
    Ok(match status.map(|status| status.code()) {
        Ok(Some(0)) => Outcome::Clean,
        Ok(Some(1)) => Outcome::Findings,
        Ok(_) => Outcome::CannotRun,
        Err(error) => {
            streams.fail(&Failure::NoDoctor(error));
            Outcome::CannotRun
        }
    })
}

/// The one that was installed with this command, else any on the `PATH`.
fn sibling() -> PathBuf {
    let beside = env::current_exe().ok().and_then(|own| own.parent().map(|folder| folder.join(SIBLING)));
    beside.filter(|file| file.is_file()).unwrap_or_else(|| Path::new(SIBLING).to_owned())
}
