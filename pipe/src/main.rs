//! The binary of the pipe's image.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use keyless_aws::{Environment, check_random};
use keyless_pipe::{documentation, run};
use keyless_session::{
    child::{adopt_orphans, protect},
    log,
};

/// The exit code for an invalid command line.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|argument| argument.to_str()) {
        None if arguments.is_empty() => {}
        Some("--help" | "-h" | "help") => return print(&documentation::help()),
        Some("--version" | "-V") => return print(concat!("keyless-pipe ", env!("CARGO_PKG_VERSION"), "\n")),
        _ => {
            log::failure("unexpected argument; the pipe is configured by variables, see `keyless-pipe --help`");
            return ExitCode::from(USAGE);
        }
    }
    if let Err(error) = check_random() {
        log::failure(error);
        return ExitCode::FAILURE;
    }
    if let Err(error) = protect().and_then(|()| adopt_orphans()) {
        log::warning(format_args!("other processes of this user may read the step's token: {error}"));
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => ExitCode::from(runtime.block_on(run::run(&Environment::of_process()))),
        Err(error) => {
            log::failure(format_args!("cannot start the pipe: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
