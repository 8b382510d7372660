//! One run of the command: arguments in, streams written, a status out.

use std::{
    ffi::OsString,
    io::{self, Write},
};

use clap::{CommandFactory, Parser, builder::StyledStr};
use clap_complete::Shell;

#[cfg(feature = "lsp")]
use crate::lsp_command;
use crate::{
    args::{Arguments, Color, Command},
    failure::Failure,
    init_command, lint_command, migrate_command,
    outcome::Outcome,
    requirements_command, rules_command, schema_command, setup_command,
    streams::{Look, Streams},
    token_command, trust_command,
};
#[cfg(feature = "cloud")]
use crate::{doctor_command, exec_command};

/// Does what `arguments` ask for; the first of them is the command's own name.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>, mut streams: Streams<'_>) -> Outcome {
    let result = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => {
            match arguments.color {
                Color::Auto => {}
                Color::Always => streams.look.colors = true,
                Color::Never => streams.look = Look::default(),
            }
            match arguments.command {
                Command::Lint(lint) => lint_command::run(&lint, &mut streams),
                Command::Init(init) => init_command::run(&init, &mut streams),
                Command::Requirements(asked) => requirements_command::run(&asked, &mut streams),
                Command::Migrate(migrate) => migrate_command::run(&migrate, &mut streams),
                Command::Trust(trust) => trust_command::run(&trust, &mut streams),
                Command::Setup(setup) => setup_command::run(&setup, &mut streams),
                Command::Token(token) => token_command::run(&token, &mut streams),
                #[cfg(feature = "lsp")]
                Command::Lsp(lsp) => Ok(lsp_command::run(&lsp, &mut streams)),
                #[cfg(not(feature = "lsp"))]
                Command::Lsp(_) => {
                    streams.fail(&Failure::WithoutCloud);
                    Ok(Outcome::CannotRun)
                }
                #[cfg(feature = "cloud")]
                Command::Doctor(doctor) => doctor_command::run(&doctor, &mut streams),
                #[cfg(feature = "cloud")]
                Command::Exec(exec) => exec_command::run(&exec, &mut streams),
                #[cfg(feature = "cloud")]
                Command::CredentialProcess { of_exec } => exec_command::credential_process(of_exec, &mut streams),
                #[cfg(not(feature = "cloud"))]
                Command::Doctor(_) | Command::Exec(_) | Command::CredentialProcess(_) => {
                    streams.fail(&Failure::WithoutCloud);
                    Ok(Outcome::CannotRun)
                }
                Command::Rules { format } => rules_command::list(format, &mut streams),
                Command::Schema { of } => schema_command::print(of, &mut streams),
                Command::Explain { rule } => rules_command::explain(&rule, &mut streams),
                Command::Completions { shell } => print_completions(shell, &mut streams),
            }
        }
        Err(error) => refuse(&error, &mut streams),
    };
    match result.and_then(|outcome| streams.output.flush().map(|()| outcome)) {
        Ok(outcome) => outcome,
        Err(error) => {
            streams.fail(&Failure::Unwritable(error));
            Outcome::CannotRun
        }
    }
}

/// Prints the completions of the whole command line.
fn print_completions(shell: Shell, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    // what writes them would panic if the output could not be written
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "keyless", &mut script);
    streams.output.write_all(&script)?;
    Ok(Outcome::Clean)
}

/// Prints what clap has to say: the help that was asked for, or what is wrong with the arguments.
fn refuse(error: &clap::Error, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let said: StyledStr = error.render();
    let said = if streams.look.colors { said.ansi().to_string() } else { said.to_string() };
    if error.use_stderr() {
        // nothing is left to be told when standard error is closed
        let _ = streams.errors.write_all(said.as_bytes());
        Ok(Outcome::CannotRun)
    } else {
        streams.output.write_all(said.as_bytes())?;
        Ok(Outcome::Clean)
    }
}
