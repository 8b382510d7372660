//! What a migration is about: the options that all of its stages share.

use std::path::PathBuf;

use clap::Args;
use keyless_bitbucket::RepositorySlugs;
use keyless_core::{
    aws::RoleArn,
    migrate::{Options, With},
};

use super::key_id::{AccessKeyId, access_key};
use crate::failure::Failure;

/// The options of `keyless migrate apply` that say what is migrated.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// The pipeline file [default: bitbucket-pipelines.yml, here or above in the repository]
    #[arg(value_name = "PATH")]
    pub(super) path: Option<PathBuf>,
    /// The repository in Bitbucket [default: the step's, or that of the Git remote at bitbucket.org]
    #[arg(long, value_name = "WORKSPACE/NAME")]
    pub(super) repository: Option<RepositorySlugs>,
    /// How scripts get a session; see `keyless migrate --help`
    #[arg(long, value_name = "WAY", default_value = "token-file", value_parser = crate::migrate_command::way())]
    pub(super) with: With,
    /// The image of the deploy pipe in your registry, for --with pipe
    #[arg(long, value_name = "IMAGE")]
    pub(super) pipe: Option<String>,
    /// Include the edits of unsafe uses
    #[arg(long)]
    pub(super) r#unsafe: bool,
    /// A role that exists already, for a deployment environment, or for the steps without one; repeat it for each
    #[arg(long = "role", value_name = "[ENVIRONMENT=]ARN")]
    pub(super) roles: Vec<String>,
    /// An access key that the steps use, or the one of a deployment environment [default: the values of unsecured
    /// variables]
    #[arg(long, value_name = "[ENVIRONMENT=]ID", value_parser = access_key)]
    pub(super) access_key: Vec<AccessKeyId>,
    /// Prefix of the names of roles
    #[arg(long, value_name = "PREFIX", default_value = "bitbucket")]
    pub(super) role_prefix: String,
    /// Path of the roles
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(super) role_path: String,
}

/// How the stages are applied.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ApplyOptions {
    /// Give variables that exist with another value the value of the plan
    #[arg(long)]
    pub(super) replace: bool,
    /// Accounts whose roles were verified in another run, with their own credentials
    #[arg(long, value_name = "ACCOUNT,...", value_delimiter = ',')]
    pub(super) verified_account: Vec<String>,
    /// The branch for the edited file [default: keyless/migrate]
    #[arg(long, value_name = "NAME", value_parser = branch_name)]
    pub(super) branch: Option<String>,
    /// Commit the file in Bitbucket instead of the clone, and open a pull request
    #[arg(long)]
    pub(super) pull_request: bool,
    /// The branch that the pull request is for [default: the main branch]
    #[arg(long, value_name = "BRANCH", requires = "pull_request", value_parser = branch_name)]
    pub(super) destination: Option<String>,
}

/// Reads the name of a branch. Git allows more characters than a name in a URL and in a query needs.
fn branch_name(text: &str) -> Result<String, String> {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with('.');
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if text.split('/').all(is_part) && text.bytes().all(is_name) && !text.contains("..") {
        Ok(text.to_owned())
    } else {
        Err("use letters, digits, `-`, `_`, `.` and `/`".to_owned())
    }
}

impl ApplyOptions {
    /// The branch for the edited file.
    pub(super) fn branch(&self) -> &str {
        self.branch.as_deref().unwrap_or("keyless/migrate")
    }
}

impl Target {
    /// How the file is edited.
    pub(super) fn options(&self) -> Options {
        Options { with: self.with, pipe: self.pipe.clone() }
    }

    /// The roles that exist already: the environment of each, or `None` for the steps without one.
    pub(super) fn given_roles(&self) -> Result<Vec<(Option<String>, RoleArn)>, Failure> {
        let role = |given: &String| {
            // An ARN has no `=` before its name.
            let (environment, arn) = match given.split_once('=') {
                Some((environment, arn)) if !environment.contains(':') => (Some(environment.to_owned()), arn),
                _ => (None, given.as_str()),
            };
            let invalid = |reason: String| Failure::InvalidRole { given: given.clone(), reason };
            RoleArn::parse(arn).map(|arn| (environment, arn)).map_err(|error| invalid(error.to_string()))
        };
        self.roles.iter().map(role).collect()
    }
}
