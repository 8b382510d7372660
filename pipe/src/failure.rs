//! A run that ended without the CDK's own exit status: why, what to do about it, and the exit code.

use std::io;

use keyless_session::log;

use crate::{forbidden_account::ForbiddenAccount, outputs::OutputsError, preflight::PreflightError};

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
    /// The app has stacks in accounts that are not allowed. The CDK made no call to these accounts.
    #[error("nothing was done: ALLOWED_ACCOUNT_IDS does not allow every account of the app")]
    Accounts(Vec<ForbiddenAccount>),
    /// The synthesized assembly cannot be read: why.
    #[error("cannot check the accounts of the app's stacks: {0}")]
    Assembly(String),
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
            Self::Accounts(accounts) => accounts.iter().for_each(log::detail),
            Self::Assembly(_) | Self::Install(_) | Self::NothingDeployed | Self::Outputs(_) | Self::Folder(_) => {}
        }
        log::failure(self);
        if let Self::Install(code) = self { *code } else { 1 }
    }
}
