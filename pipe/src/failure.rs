//! A run that ended without the CDK's own exit status: why, what to do about it, and the exit code.

use std::{io, path::PathBuf};

use keyless_session::log;

use crate::{outputs::OutputsError, preflight::PreflightError, programs::MissingProgram, unusable::Unusable};

/// Why a run ended without the CDK's own exit status.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nothing was run.
    #[error("{}; nothing was run", keyless_session::Failure::count_of_invalid(.0.len()))]
    Preflight(Vec<PreflightError>),
    /// There is no session, or a program could not be started.
    #[error(transparent)]
    Session(#[from] keyless_session::Failure),
    /// The packages could not be installed: the exit code.
    #[error("installing the packages failed with exit code {0}")]
    Install(u8),
    /// The packages are installed for this folder, and the CDK CLI is not one of them.
    #[error("the packages are installed, but the CDK CLI is not one of them: add `aws-cdk` to the devDependencies of the app in {}", .0.display())]
    NoCdk(PathBuf),
    /// `INSTALL` did not bring a program that the app needs.
    #[error(transparent)]
    Program(#[from] MissingProgram),
    /// The synthesized assembly is not right for the command. The CDK made no call to the accounts of its stacks.
    #[error("nothing was done: {0}")]
    Unusable(#[from] Unusable),
    /// The synthesized assembly cannot be read: why.
    #[error("the synthesized assembly cannot be used: {0}")]
    Assembly(String),
    /// The app's code changed a file that is about to be run or read with the session.
    #[error("nothing was done: {} was changed during the synthesis, and it decides what runs with the session", .0.display())]
    Changed(PathBuf),
    /// Processes that the app's code left behind could have read the session.
    #[error("nothing was done: the app left processes behind that cannot be ended: {0}")]
    LeftBehind(#[source] io::Error),
    /// The deployment broadens access, or may do so: in how many places.
    #[error(
        "nothing was deployed: {}, and REQUIRE_APPROVAL is set to broadening",
        if *.0 == 1 { "1 change broadens access".to_owned() } else { format!("{} changes broaden access", .0) }
    )]
    Broadens(usize),
    /// The CDK selected no stack, which it does not report as a failure.
    #[error("no stack of the app matches STACKS")]
    NothingSelected,
    /// The CDK found nothing to deploy, which it does not report as a failure.
    #[error("no stack was deployed: the app has no stack with resources that matches STACKS")]
    NothingDeployed,
    /// The CDK did its work, and its outputs could not be written.
    #[error("the stacks are deployed, but the outputs could not be saved: {0}")]
    Outputs(#[from] OutputsError),
    /// No folder for temporary files.
    #[error("cannot create a temporary folder: {0}")]
    Folder(#[source] io::Error),
}

impl Failure {
    /// Writes it to the log, its last line being the verdict, and returns the exit code.
    pub(crate) fn report(&self) -> u8 {
        match self {
            Self::Session(failure) => return failure.report(),
            Self::Preflight(errors) => errors.iter().for_each(log::detail),
            Self::Unusable(unusable) => {
                unusable.details().iter().for_each(log::detail);
                unusable.help().into_iter().for_each(log::help);
            }
            Self::Changed(_) => log::help(
                "if the app must write to this file, do it before the pipe; `SYNTH: session` does not check it, and lets the app's \
                 code use the session",
            ),
            Self::Broadens(_) => log::help(
                "review the changes listed above; to deploy them, run the pipe with `REQUIRE_APPROVAL: never`, for example in a step \
                 with `trigger: manual`",
            ),
            Self::Assembly(_)
            | Self::Install(_)
            | Self::NoCdk(_)
            | Self::Program(_)
            | Self::LeftBehind(_)
            | Self::NothingSelected
            | Self::NothingDeployed
            | Self::Outputs(_)
            | Self::Folder(_) => {}
        }
        log::failure(self);
        if let Self::Install(code) = self { *code } else { 1 }
    }
}
