//! What keeps the pipe from starting. All of them are collected and shown together.

use std::{fmt, path::PathBuf};

use keyless_core::{
    aws::{
        AccountId, Region, RoleArn, account::AccountIdError, region::RegionError, role::RoleArnError,
        session_name::SessionNameError,
    },
    oidc::{Mismatch, TokenError, VARIABLE as TOKEN},
};

use crate::{assembly::AssemblyError, variables::Variable};

/// One mistake in the settings or the surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A required variable is not set under any of its names.
    Missing(&'static str, Option<&'static str>),
    /// A variable's bytes are not UTF-8.
    NotText(String),
    /// The role's ARN.
    Role(&'static str, RoleArnError),
    /// The region.
    Region(&'static str, RegionError),
    /// Role and region lie in different partitions.
    Partition(RoleArn, Region),
    /// None of the allowed words.
    Choice {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: String,
        /// The words.
        allowed: Vec<&'static str>,
        /// The word that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Not a length of time from 15 minutes to 12 hours.
    Duration(&'static str, String),
    /// Quotes that do not close.
    Quotes(&'static str, String),
    /// A list in Bitbucket's form with a gap, or a count that is no number.
    List(String, String),
    /// An item of a list that is not `key=value`.
    Pair(&'static str, String),
    /// Not a number of stacks.
    Concurrency(&'static str, String),
    /// Neither true nor false nor a proxy.
    Report(&'static str, String),
    /// Not a bootstrap qualifier.
    Qualifier(&'static str, String),
    /// Not a scope of npm packages.
    Scope(&'static str, String),
    /// The certificate authorities cannot be read: why.
    Bundle(String),
    /// `TRUST_POLICY: iam` without an identity to ask IAM with.
    NoIdentity,
    /// Not an exact version of the CDK CLI.
    CdkVersion(&'static str, String),
    /// Not a session name.
    SessionName(&'static str, SessionNameError),
    /// Not a session policy: why.
    Policy(&'static str, String),
    /// More managed session policies than the second number.
    TooManyPolicies(usize, usize),
    /// Not an account id.
    Account(&'static str, AccountIdError),
    /// The role's account is none of the allowed ones.
    ForbiddenAccount(AccountId, Vec<AccountId>),
    /// A name that is nearly one of ours.
    Misspelt(String, &'static str),
    /// Settings that exclude each other.
    Combination(Combination),
    /// The step has no token.
    NoToken,
    /// The step's token is none.
    Token(TokenError),
    /// The token cannot be used any more.
    Unusable(Mismatch),
    /// The working directory does not exist.
    NoFolder(PathBuf),
    /// There is no app in the working directory.
    NoApp(PathBuf),
    /// The ready assembly cannot be deployed.
    Assembly(AssemblyError),
    /// There is no Node.
    NoNode,
    /// There is no CDK CLI.
    NoCdk(PathBuf),
    /// The CDK CLI is the release that was published by accident.
    AccidentalCdk(PathBuf),
}

/// Settings that cannot work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// `COMMAND: exec` without `EXTRA_ARGS`.
    ExecWithoutCommand,
    /// HOTSWAP and METHOD.
    HotswapWithMethod,
    /// HOTSWAP and a COMMAND that is not deploy.
    HotswapWithoutDeploy,
    /// METHOD and a COMMAND that is not deploy.
    MethodWithoutDeploy,
    /// `OUTPUTS_FILE` and a COMMAND that is not deploy.
    OutputsWithoutDeploy,
    /// A part of what a login to CodeArtifact needs.
    HalfOfCodeArtifact,
    /// `ROLE_CHAIN` and a session of more than an hour.
    LongChain,
}

impl Mistake {
    /// A required variable that is not set.
    pub fn missing(variable: &'static Variable) -> Self {
        Self::Missing(variable.name, variable.alias)
    }
}

/// What stands in the pipeline file of a step with a token.
const STEP_WITH_TOKEN: [&str; 4] = ["- step:", "    oidc: true", "    script:", "      - pipe: …"];

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name, alias) => {
                write!(f, "{name} is not set")?;
                if let Some(alias) = alias {
                    write!(f, ", nor is {alias}")?;
                }
                f.write_str("; set it under the pipe's `variables`, or in the repository's or deployment's settings")
            }
            Self::NotText(name) => write!(f, "{name}: its value is not UTF-8 text"),
            Self::Role(variable, error) => write!(f, "{variable}: {error}"),
            Self::Region(variable, error) => write!(f, "{variable}: {error}"),
            Self::Partition(role, region) => write!(
                f,
                "the role belongs to the partition `{}` ({}), and the region `{region}` to `{}` ({}); a session works only \
                 inside its partition",
                role.partition(),
                role.partition().title,
                region.partition(),
                region.partition().title
            ),
            Self::Choice { variable, found, allowed, nearest } => {
                write!(f, "{variable}: `{found}` is not allowed; ")?;
                if let Some(nearest) = nearest {
                    write!(f, "did you mean `{nearest}`? ")?;
                }
                write!(f, "allowed: {}", allowed.join(", "))
            }
            Self::Duration(variable, found) => write!(
                f,
                "{variable}: `{found}` is not a length of time from 15m to 12h; write seconds, or a number with m or h"
            ),
            Self::Quotes(variable, found) => write!(f, "{variable}: a quotation mark in `{found}` is not closed"),
            Self::List(variable, found) => {
                write!(f, "{variable}: `{found}` is not the number of a list's items")
            }
            Self::Pair(variable, found) => write!(f, "{variable}: `{found}` is not of the form key=value"),
            Self::Concurrency(variable, found) => write!(f, "{variable}: `{found}` is not a number from 1 to 64"),
            Self::Report(variable, found) => {
                write!(f, "{variable}: `{found}` is not allowed; allowed: true, false, or a proxy such as http://localhost:29418")
            }
            Self::Qualifier(variable, found) => {
                write!(f, "{variable}: `{found}` is not a qualifier: at most 10 letters, digits, _ or -")
            }
            Self::Scope(variable, found) => write!(f, "{variable}: `{found}` is not a scope such as @acme"),
            Self::Bundle(why) => write!(f, "AWS_CA_BUNDLE: {why}"),
            Self::NoIdentity => f.write_str(
                "TRUST_POLICY: iam needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of an identity that may call iam:GetRole, \
                 or name a file with the policy",
            ),
            Self::CdkVersion(variable, found) => {
                write!(f, "{variable}: `{found}` is not an exact version of the CDK CLI 2, such as 2.1148.1")
            }
            Self::SessionName(variable, error) => write!(f, "{variable}: {error}"),
            Self::Policy(variable, why) => write!(f, "{variable}: {why}"),
            Self::TooManyPolicies(found, allowed) => {
                write!(f, "SESSION_POLICY_ARNS: {found} policies, at most {allowed} are allowed")
            }
            Self::Account(variable, error) => write!(f, "{variable}: {error}"),
            Self::ForbiddenAccount(account, allowed) => {
                let allowed: Vec<_> = allowed.iter().map(AccountId::as_str).collect();
                write!(f, "the account {account} is not among ALLOWED_ACCOUNT_IDS ({})", allowed.join(", "))
            }
            Self::Misspelt(found, nearest) => {
                write!(f, "{found} is none of the pipe's variables; did you mean {nearest}?")
            }
            Self::Combination(combination) => combination.fmt(f),
            Self::NoToken => write!(
                f,
                "the step has no token: {TOKEN} is empty because `oidc: true` is not on this step; write it on the step itself \
                 (not on a stage or at the top):\n{}",
                STEP_WITH_TOKEN.join("\n")
            ),
            Self::Token(error) => {
                write!(f, "{TOKEN} is not a token: {error}; Bitbucket sets it by itself, so do not set or change it")
            }
            Self::Unusable(mismatch) => mismatch.fmt(f),
            Self::NoFolder(path) => write!(f, "WORKING_DIRECTORY: there is no folder {}", path.display()),
            Self::NoApp(path) => write!(
                f,
                "there is no cdk.json in {}; set WORKING_DIRECTORY to the folder of the CDK app, or APP to its command",
                path.display()
            ),
            Self::Assembly(error) => error.fmt(f),
            Self::NoNode => f.write_str(
                "there is no `node` on the PATH, and the CDK needs it; use the pipe's own image, or one with Node 20 or newer",
            ),
            Self::NoCdk(path) => write!(
                f,
                "there is no CDK CLI: neither node_modules/aws-cdk in {} or above, nor `cdk` on the PATH; add `aws-cdk` to the \
                 app's devDependencies and install them before the pipe (`npm ci`)",
                path.display()
            ),
            Self::AccidentalCdk(path) => write!(
                f,
                "{} is aws-cdk 3.0.0, which was published by accident and cannot read what today's aws-cdk-lib writes; pin \
                 `aws-cdk` to version 2 (`npm install --save-dev aws-cdk@2`)",
                path.display()
            ),
        }
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExecWithoutCommand => {
                "COMMAND: exec needs a command to run; write it with its arguments into EXTRA_ARGS"
            }
            Self::HotswapWithMethod => "HOTSWAP and METHOD exclude each other: hotswapping goes past CloudFormation",
            Self::HotswapWithoutDeploy => "HOTSWAP works with COMMAND: deploy alone",
            Self::MethodWithoutDeploy => "METHOD works with COMMAND: deploy alone",
            Self::OutputsWithoutDeploy => "OUTPUTS_FILE works with COMMAND: deploy alone, which is what makes outputs",
            Self::HalfOfCodeArtifact => {
                "CODEARTIFACT_DOMAIN, CODEARTIFACT_REPOSITORY and CODEARTIFACT_TOOLS work together: set all three or none"
            }
            Self::LongChain => {
                "SESSION_DURATION is at most 1h with ROLE_CHAIN: AWS ends the session of a chained role after an hour"
            }
        })
    }
}

impl std::error::Error for Mistake {}
