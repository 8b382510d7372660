//! One run of the command: arguments in, streams written, a status out.

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, builder::StyledStr};

use crate::{
    args::{Arguments, Color, Command},
    doctor_command,
    failure::Failure,
    lint_command, requirements_command, rules_command, setup_command,
    streams::Streams,
    token_command, trust_command,
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing was found that counts.
    Clean,
    /// There are findings that count.
    Findings,
    /// Something could not be read, written or understood.
    CannotRun,
    /// The answer hangs on what is not known.
    Undecided,
}

impl Outcome {
    /// The process's exit status.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::CannotRun => 2,
            Self::Undecided => 3,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.status())
    }
}

/// Does what `arguments` ask for; the first of them is the command's own name.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>, mut streams: Streams<'_>) -> Outcome {
    let result = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => {
            streams.colors = match arguments.color {
                Color::Auto => streams.colors,
                Color::Always => true,
                Color::Never => false,
            };
            match arguments.command {
                Command::Lint(lint) => lint_command::run(&lint, &mut streams),
                Command::Requirements(asked) => requirements_command::run(&asked, &mut streams),
                Command::Trust(trust) => trust_command::run(&trust, &mut streams),
                Command::Setup(setup) => setup_command::run(&setup, &mut streams),
                Command::Token(token) => token_command::run(&token, &mut streams),
                Command::Doctor { arguments } => doctor_command::run(&arguments, &mut streams),
                Command::Rules => rules_command::list(&mut streams),
                Command::Explain { rule } => rules_command::explain(&rule, &mut streams),
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

/// Prints what clap has to say: the help that was asked for, or what is wrong with the arguments.
fn refuse(error: &clap::Error, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let said: StyledStr = error.render();
    let said = if streams.colors { said.ansi().to_string() } else { said.to_string() };
    if error.use_stderr() {
        // nothing is left to be told when standard error is closed
        let _ = streams.errors.write_all(said.as_bytes());
        Ok(Outcome::CannotRun)
    } else {
        streams.output.write_all(said.as_bytes())?;
        Ok(Outcome::Clean)
    }
}
