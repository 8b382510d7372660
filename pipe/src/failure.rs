//! A run that ended without the CDK's own exit status: why, what to do about it, and the exit code.

use std::{fmt, io};

use keyless_aws::{EndpointError, Explanation, StsError};
use rustix::process::Signal;

use crate::{log, mistake::Mistake, outputs::OutputsError, packages::LoginError, session::SessionError};

/// Why a run ended without the CDK's own exit status.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was run.
    Mistakes(Vec<Mistake>),
    /// The packages could not be installed: the exit code.
    Install(u8),
    /// No session, and what can be done about it.
    Session(SessionError, Option<Explanation>),
    /// No login to CodeArtifact.
    Login(LoginError),
    /// No credentials endpoint.
    Endpoint(EndpointError),
    /// The CDK did its work, and its outputs could not be kept.
    Outputs(OutputsError),
    /// No folder for temporary files.
    Folder(io::Error),
    /// A program could not be started.
    Start(String, io::Error),
    /// The step was stopped before the CDK began.
    Stopped(Signal),
}

/// Writes a failure to the log, its last line being the verdict, and returns the exit code.
pub fn report(failure: &Failure) -> u8 {
    match failure {
        Failure::Mistakes(mistakes) => mistakes.iter().for_each(log::detail),
        Failure::Session(error, Some(explanation)) => {
            if let Some(StsError::Refused { said, .. }) = error.sts() {
                log::detail(format_args!("AWS said: {said}"));
            }
            for (name, value) in &explanation.compared {
                log::detail(format_args!("{name}: {value}"));
            }
            log::detail(format_args!("to do: {}", explanation.remedy));
        }
        Failure::Login(error) => {
            if let Some(remedy) = error.remedy() {
                log::detail(format_args!("to do: {remedy}"));
            }
        }
        _ => {}
    }
    log::failure(failure);
    match failure {
        Failure::Stopped(signal) => u8::try_from(128 + signal.as_raw()).unwrap_or(1),
        Failure::Install(code) => *code,
        _ => 1,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(mistakes) if mistakes.len() == 1 => f.write_str("nothing was run: 1 mistake to correct"),
            Self::Mistakes(mistakes) => write!(f, "nothing was run: {} mistakes to correct", mistakes.len()),
            Self::Install(code) => write!(f, "the packages could not be installed: exit code {code}"),
            Self::Session(_, Some(explanation)) => write!(f, "AWS refused the session: {}", explanation.cause),
            Self::Session(error, None) => error.fmt(f),
            Self::Login(error) => error.fmt(f),
            Self::Endpoint(error) => error.fmt(f),
            Self::Outputs(error) => write!(f, "the stacks are deployed, but {error}"),
            Self::Folder(error) => write!(f, "no folder for temporary files: {error}"),
            Self::Start(program, error) => write!(f, "{program} could not be started: {error}"),
            Self::Stopped(signal) => {
                let name = if *signal == Signal::INT { "SIGINT" } else { "SIGTERM" };
                write!(f, "stopped by {name} before anything was changed")
            }
        }
    }
}

impl std::error::Error for Failure {}
