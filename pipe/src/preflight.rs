//! Everything that is known to fail before the first call. All of it is collected and reported together.

use std::path::{Path, PathBuf};

use keyless_session::InvalidSetting;

use crate::{
    assembly::AssemblyError, forbidden_account::ForbiddenAccount, programs::MissingProgram, unusable::Unusable,
};

/// An invalid setting of the pipe, or something that the run needs and that is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreflightError {
    /// One invalid setting.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// Settings that cannot be used together.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// A name that is nearly one of the pipe's variables, and that variable.
    #[error("unknown variable {0}; did you mean {1}? If it belongs to the app, add {0} to APP_VARIABLES")]
    Misspelled(String, &'static str),
    /// The working directory does not exist.
    #[error("WORKING_DIRECTORY: folder {} does not exist", .0.display())]
    NoFolder(PathBuf),
    /// There is no app in the working directory.
    #[error(
        "{} has no cdk.json; set WORKING_DIRECTORY to the folder of the CDK app, or APP to its command", .0.display()
    )]
    NoApp(PathBuf),
    /// The CDK's settings name a profile.
    #[error(
        "{} sets `profile`, and there are no profiles in the pipe, so that the CDK would find no credentials; remove it, and \
         use AWS_PROFILE or `cdk --profile` locally", .0.display()
    )]
    Profile(PathBuf),
    /// `EXTRA_ARGS` names a profile.
    #[error(
        "EXTRA_ARGS has --profile, and there are no profiles in the pipe, so that the CDK would find no credentials; remove it: the \
         CDK uses the session"
    )]
    ProfileArgument,
    /// The ready cloud assembly cannot be deployed.
    #[error("APP: {0}")]
    Assembly(#[from] AssemblyError),
    /// What the run would call in an account that is not allowed.
    #[error(transparent)]
    Account(#[from] ForbiddenAccount),
    /// The ready cloud assembly is not right for the command.
    #[error("{}: {}", .0, .0.details().join("; "))]
    Unusable(Unusable),
    /// The CDK's settings load plugins.
    #[error(
        "{} sets `plugin`, and plugins run with the session although the app must not; remove it, or set `SYNTH: session`",
        .0.display()
    )]
    Plugins(PathBuf),
    /// Node is missing.
    #[error("`node` is not on the PATH, and the CDK needs it; use the pipe's own image, or one with Node 20 or newer")]
    NoNode,
    /// A program that the run needs is missing.
    #[error(transparent)]
    Program(#[from] MissingProgram),
    /// The CDK CLI is missing, and a package.json that no lock file belongs to.
    #[error(
        "the CDK CLI is not installed: neither node_modules/aws-cdk in {} or a parent folder, nor `cdk` on the PATH; {}",
        .0.display(), without_lock(.1.as_deref())
    )]
    NoCdk(PathBuf, Option<PathBuf>),
    /// The CDK CLI is the release that was published by accident.
    #[error(
        "{} is aws-cdk 3.0.0, which was published by accident and cannot read cloud assemblies of current aws-cdk-lib \
         versions; pin `aws-cdk` to version 2 (`npm install --save-dev aws-cdk@2`)", .0.display()
    )]
    AccidentalCdk(PathBuf),
}

fn without_lock(package: Option<&Path>) -> String {
    match package {
        None => "add `aws-cdk` to the app's devDependencies and install them before the pipe (`npm ci`)".to_owned(),
        Some(package) => format!(
            "no packages are installed, because {} has no lock file and is not in a workspace that has one; commit the lock file, \
             with `aws-cdk` in devDependencies",
            package.display()
        ),
    }
}

/// Settings that cannot be used together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Conflict {
    /// `COMMAND: exec` without `EXTRA_ARGS`.
    #[error("`COMMAND: exec` needs a command to run; set EXTRA_ARGS to the command and its arguments")]
    ExecWithoutCommand,
    /// `COMMAND: destroy` without `STACKS`.
    #[error(
        "`COMMAND: destroy` needs STACKS, and an undefined variable is empty; set STACKS to the stacks to destroy, or to ** \
         to destroy all"
    )]
    DestroyWithoutStacks,
    /// HOTSWAP and METHOD.
    #[error("HOTSWAP cannot be used with METHOD: hotswapping bypasses CloudFormation")]
    HotswapWithMethod,
    /// HOTSWAP and a COMMAND that is not deploy.
    #[error("HOTSWAP can only be used with `COMMAND: deploy`")]
    HotswapWithoutDeploy,
    /// METHOD and a COMMAND that is not deploy.
    #[error("METHOD can only be used with `COMMAND: deploy`")]
    MethodWithoutDeploy,
    /// `OUTPUTS_FILE` and a COMMAND that is not deploy.
    #[error("OUTPUTS_FILE can only be used with `COMMAND: deploy`: other commands have no outputs")]
    OutputsWithoutDeploy,
    /// `ROLE_CHAIN` and a session of more than an hour.
    #[error(
        "SESSION_DURATION must be at most 1h with ROLE_CHAIN: AWS limits the session of a chained role to one hour"
    )]
    LongChain,
}
