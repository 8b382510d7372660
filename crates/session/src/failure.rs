//! A run that ended without a child's own exit status: why, what to do about it, and the exit code.

use std::io;

use keyless_aws::{EndpointError, Explanation, StsError};
use rustix::process::Signal;

use crate::{assume::SessionError, invalid_setting::InvalidSetting, log, login::LoginError};

/// Why there is no session, or no child that could use it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nothing was run.
    #[error("{}; nothing was run", Failure::count_of_invalid(.0.len()))]
    InvalidSettings(Vec<InvalidSetting>),
    /// The role could not be assumed, and what can be done about it.
    #[error("{}", .1.as_ref().map_or_else(|| .0.to_string(), |it| format!("AWS refused the session: {}", it.cause)))]
    Session(#[source] SessionError, Option<Explanation>),
    /// The role could not be assumed, not even after a while, and the log already says what can be done about it.
    #[error("AWS refused the session: {0}")]
    StillRefused(String),
    /// Package managers could not be logged in.
    #[error(transparent)]
    Login(LoginError),
    /// The credentials endpoint could not be started.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The profiles of the AWS SDKs could not be replaced by ones with the session.
    #[error("cannot generate profiles with the session: {0}")]
    Profiles(#[source] io::Error),
    /// There is no such program.
    #[error(
        "`{}` {}; nothing was run", .0, if .0.contains('/') { "is not an executable file" } else { "is not on the PATH" }
    )]
    NoProgram(String),
    /// A program could not be started.
    #[error("cannot start {0}: {1}")]
    Start(String, #[source] io::Error),
    /// The process cannot be told of signals.
    #[error("cannot handle signals: {0}")]
    Signals(#[source] io::Error),
    /// The step was stopped before the child started.
    #[error("stopped by {} before anything was changed", if *.0 == Signal::INT { "SIGINT" } else { "SIGTERM" })]
    Stopped(Signal),
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Stopped(signal) => Self::Stopped(signal),
            error => Self::Login(error),
        }
    }
}

impl Failure {
    /// `1 invalid setting`, `5 invalid settings`.
    pub fn count_of_invalid(count: usize) -> String {
        format!("{count} invalid setting{}", if count == 1 { "" } else { "s" })
    }

    /// Writes it to the log, its last line being the verdict, and returns the exit code.
    pub fn report(&self) -> u8 {
        match self {
            Self::InvalidSettings(invalid) => {
                invalid.iter().for_each(log::detail);
                if let Some(variable) = invalid.iter().find_map(InvalidSetting::shared_name) {
                    log::help(format_args!(
                        "if {variable} belongs to the command, set KEYLESS_{variable}, which takes precedence"
                    ));
                }
            }
            Self::Session(error, Some(explanation)) => {
                let said = error.sts().and_then(|error| match error {
                    StsError::Refused { said, .. } => Some(said),
                    _ => None,
                });
                log::refusal(said, explanation);
            }
            Self::Login(error) => error.help().into_iter().for_each(log::help),
            Self::Session(_, None)
            | Self::StillRefused(_)
            | Self::Endpoint(_)
            | Self::Profiles(_)
            | Self::NoProgram(_)
            | Self::Start(..)
            | Self::Signals(_)
            | Self::Stopped(_) => {}
        }
        log::failure(self);
        match self {
            Self::Stopped(signal) => u8::try_from(128 + signal.as_raw()).unwrap_or(1),
            _ => 1,
        }
    }
}
