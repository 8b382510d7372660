//! `keyless lsp`.

use std::{fs::File, io, path::PathBuf};

use clap::Args;

use crate::{
    crash,
    failure::Failure,
    language_server::{self, Ended, Log, transport},
    outcome::Outcome,
    streams::Streams,
};

/// Serve an editor: findings, fixes, hover and completion while a pipeline is written
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless lsp                                  what an editor starts; it talks over standard input and output
  keyless lsp --log /tmp/keyless.log           also notes requests and errors, without the content of files

docs/editor.md has the configuration of Neovim, Helix, Emacs, Zed, Sublime Text and JetBrains IDEs.

Exit status: 0 the editor ended the session, 1 it vanished without doing so, 2 it did not speak the protocol.")]
pub(crate) struct Lsp {
    /// Note requests and errors in a file, without the content of files
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Talk over standard input and output, as always; some editors insist on saying so
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(crate) fn run(arguments: &Lsp, streams: &mut Streams<'_>) -> Outcome {
    let log = match arguments.log.as_ref().map(|path| File::create(path).map_err(|error| (path, error))).transpose() {
        Ok(file) => Log::new(file),
        Err((path, error)) => {
            streams.fail(&Failure::Unfixable { path: path.clone(), error });
            return Outcome::CannotRun;
        }
    };
    crash::survive();
    let (connection, threads) = transport::over(io::stdin(), io::stdout());
    let served = language_server::serve(&connection, &log);
    // the thread that writes ends when nothing can send to it any more
    drop(connection);
    let unreadable = threads.finish().map(|problem| problem.to_string());
    let problem = match &served {
        Err(Ended::Protocol(error)) => unreadable.or_else(|| Some(error.to_string())),
        _ => unreadable,
    };
    if let Some(problem) = problem {
        streams.fail(&Failure::Protocol(problem));
        return Outcome::CannotRun;
    }
    if served.is_ok() { Outcome::Clean } else { Outcome::Findings }
}
