//! `keyless setup`: writes the AWS side.

#[cfg(feature = "cloud")]
mod lookup;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use keyless_core::{
    ip_ranges,
    setup::{self, Format, Plan, Profile, Subject, guide},
};

use crate::{
    download, failure::Failure, inputs::STANDARD_INPUT, outcome::Outcome, streams::Streams, token_command,
    trust_command::read_text,
};

/// Write the identity provider and roles that a workspace needs in AWS
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyless setup --workspace acme --workspace-uuid '{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}' \\
      --repository 'web={b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}' \\
      --environment 'web/production={0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}' > access.yaml
  aws cloudformation deploy --template-file access.yaml --stack-name bitbucket-access \\
      --capabilities CAPABILITY_NAMED_IAM
  keyless setup --from-bitbucket --repository acme/web
                                               looks up the UUIDs, and every environment gets a role

The repository's settings show the UUIDs under OpenID Connect. In a step with `oidc: true`, --from-token replaces \
--workspace and --workspace-uuid. Standard error explains what each statement grants and the next steps.

Exit status: 0 written, 2 an argument or file is invalid.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Setup {
    /// The workspace's name, as in its URL
    #[arg(long, value_name = "NAME", required_unless_present_any = FOUND_OUT)]
    workspace: Option<String>,
    /// The workspace's UUID
    #[arg(long, value_name = "UUID", required_unless_present_any = FOUND_OUT)]
    workspace_uuid: Option<String>,
    /// Read the workspace's name and UUID from a step's token, in `BITBUCKET_STEP_OIDC_TOKEN` or, with `-`, standard
    /// input
    #[arg(
        long,
        value_name = "SOURCE",
        num_args = 0..=1,
        default_missing_value = "environment",
        value_parser = ["environment", STANDARD_INPUT],
        conflicts_with_all = ["workspace", "workspace_uuid"]
    )]
    from_token: Option<String>,
    /// Look up all UUIDs in Bitbucket, with a token in `BITBUCKET_ACCESS_TOKEN`, or an API token in
    /// `ATLASSIAN_ACCOUNT_EMAIL` and `ATLASSIAN_API_TOKEN`; name repositories as WORKSPACE/NAME and environments as
    /// REPOSITORY/NAME
    #[cfg(feature = "cloud")]
    #[arg(long, conflicts_with_all = ["workspace", "workspace_uuid", "from_token"])]
    from_bitbucket: bool,
    /// A repository that gets a role
    #[arg(long, value_name = "NAME=UUID", required = true)]
    repository: Vec<String>,
    /// A deployment environment that gets its own role, instead of one for the whole repository
    #[arg(long, value_name = "REPOSITORY/NAME=UUID")]
    environment: Vec<String>,
    /// Permissions of the roles
    #[arg(long, value_name = "PROFILE", default_value = "minimal", value_parser = profile())]
    profile: Profile,
    /// Add a read-only role for every step of each repository
    #[arg(long)]
    with_read_only: bool,
    /// Add a read-only role for the steps of a deployment environment only
    #[arg(long, value_name = "REPOSITORY/NAME=UUID")]
    read_only_environment: Vec<String>,
    /// Other accounts that the roles deploy to, which must be bootstrapped with `--trust`
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    deploy_accounts: Vec<String>,
    /// The managed policy that limits the permissions of the roles
    #[arg(long, value_name = "ARN")]
    permissions_boundary: Option<String>,
    /// Path of the roles
    #[arg(long, value_name = "PATH", default_value = "/")]
    role_path: String,
    /// The image of the deploy pipe in your registry, for the steps on standard error
    #[arg(long, value_name = "IMAGE")]
    pipe: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "cloudformation", value_parser = format())]
    format: Format,
    /// Prefix of the role names
    #[arg(long, value_name = "PREFIX", default_value = "bitbucket")]
    role_prefix: String,
    /// Qualifier of the CDK bootstrap stack
    #[arg(long, value_name = "QUALIFIER", default_value = "hnb659fds")]
    qualifier: String,
    /// Accept calls only from these addresses: a file or URL with one block per line or in the format of
    /// `https://ip-ranges.atlassian.com`, `-` for standard input, or `bitbucket` for the built-in list of July 2026
    #[arg(long, value_name = "PATH")]
    source_ips: Option<PathBuf>,
    /// Restrict the session to the addresses too, not only the exchange of the token
    #[arg(long, requires = "source_ips")]
    bind_session: bool,
    /// Maximum session duration in hours
    #[arg(long, value_name = "HOURS", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=12))]
    session_hours: u32,
    /// The account already has the identity provider
    #[arg(long)]
    existing_provider: bool,
    /// The account's quota for the length of a trust policy, in characters
    #[arg(long, value_name = "CHARACTERS", default_value = "2048")]
    trust_policy_quota: usize,
}

/// The options with which the workspace need not be given.
#[cfg(feature = "cloud")]
const FOUND_OUT: [&str; 2] = ["from_token", "from_bitbucket"];
#[cfg(not(feature = "cloud"))]
const FOUND_OUT: [&str; 1] = ["from_token"];

fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name))
        // clap accepts names of the table only, so the default is never used
        .map(|name| Profile::ALL.into_iter().find(|profile| profile.name() == name).unwrap_or(Profile::Minimal))
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(|format| PossibleValue::new(format.name()).help(format.description())))
        .map(|name| Format::ALL.into_iter().find(|format| format.name() == name).unwrap_or(Format::Cloudformation))
}

pub(crate) fn run(arguments: &Setup, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let written = plan(arguments, streams).and_then(|plan| {
        Ok((arguments.format.write(&plan).map_err(|error| Failure::Unwritable(io::Error::other(error)))?, plan))
    });
    let (text, plan) = match written {
        Ok(written) => written,
        Err(failure) => {
            streams.fail(&failure);
            return Ok(Outcome::CannotRun);
        }
    };
    streams.output.write_all(text.as_bytes())?;
    streams.output.flush()?;
    // nothing to report to if standard error is closed
    let _ = streams.errors.write_all(guide::text(&plan).as_bytes());
    Ok(Outcome::Clean)
}

fn plan(arguments: &Setup, streams: &mut Streams<'_>) -> Result<Plan, Failure> {
    let Target { workspace, workspace_uuid, subjects, read_only } = target(arguments, streams)?;
    let addresses = match &arguments.source_ips {
        None => Vec::new(),
        Some(path) => {
            let text = match path.to_str() {
                Some("bitbucket") => ip_ranges::BITBUCKET.join("\n"),
                Some(url) if download::is_url(url) => download::text(url)?,
                _ => read_text(path, streams)?,
            };
            ip_ranges::read(&text).map_err(|error| Failure::Addresses { path: path.clone(), error })?
        }
    };
    let setup = setup::Setup {
        workspace,
        workspace_uuid,
        subjects,
        profile: arguments.profile,
        with_read_only: arguments.with_read_only,
        read_only,
        deploy_accounts: arguments.deploy_accounts.clone(),
        permissions_boundary: arguments.permissions_boundary.clone(),
        role_path: arguments.role_path.clone(),
        pipe: arguments.pipe.as_deref().map(|pipe| pipe.trim_start_matches("docker://").to_owned()),
        prefix: arguments.role_prefix.clone(),
        qualifier: arguments.qualifier.clone(),
        addresses,
        bind_session: arguments.bind_session,
        session_seconds: arguments.session_hours * 3600,
        provider_exists: arguments.existing_provider,
        trust_policy_quota: arguments.trust_policy_quota,
    };
    setup::plan(&setup).map_err(Failure::Setup)
}

/// What the roles belong to.
struct Target {
    workspace: String,
    workspace_uuid: String,
    subjects: Vec<Subject>,
    read_only: Vec<Subject>,
}

fn target(arguments: &Setup, streams: &mut Streams<'_>) -> Result<Target, Failure> {
    #[cfg(feature = "cloud")]
    if arguments.from_bitbucket {
        return lookup::target(arguments);
    }
    let (workspace, workspace_uuid) = workspace(arguments, streams)?;
    let repositories = pairs(&arguments.repository)?;
    let environments = environments(&arguments.environment, &repositories)?;
    let mut subjects = Vec::new();
    for (repository, uuid) in &repositories {
        let own = environments.iter().filter(|it| it.repository == *repository).cloned();
        let before = subjects.len();
        subjects.extend(own);
        if subjects.len() == before {
            let (repository, repository_uuid) = (repository.clone(), uuid.clone());
            subjects.push(Subject { repository, repository_uuid, environment: None });
        }
    }
    let read_only = self::environments(&arguments.read_only_environment, &repositories)?;
    Ok(Target { workspace, workspace_uuid, subjects, read_only })
}

/// Name and UUID of the workspace.
fn workspace(arguments: &Setup, streams: &mut Streams<'_>) -> Result<(String, String), Failure> {
    let Some(source) = &arguments.from_token else {
        // clap requires both without a token
        return Ok((
            arguments.workspace.clone().unwrap_or_default(),
            arguments.workspace_uuid.clone().unwrap_or_default(),
        ));
    };
    let token = token_command::read(source == STANDARD_INPUT, streams)?;
    let workspace = token.claims().workspace().ok_or_else(|| Failure::OtherToken(token.claims().iss.clone()))?;
    Ok((workspace.name.to_owned(), workspace.uuid.to_string()))
}

/// Arguments of the form `NAME=VALUE`.
fn pairs(arguments: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Failure::KeyWithoutValue(text.clone())),
    };
    arguments.iter().map(pair).collect()
}

/// One subject for each `REPOSITORY/NAME=UUID`.
fn environments(arguments: &[String], repositories: &[(String, String)]) -> Result<Vec<Subject>, Failure> {
    let subject = |(path, uuid): (String, String)| {
        let unknown = || Failure::EnvironmentWithoutRepository(format!("{path}={uuid}"));
        let (repository, name) = path.split_once('/').ok_or_else(unknown)?;
        let (_, repository_uuid) = repositories.iter().find(|(known, _)| known == repository).ok_or_else(unknown)?;
        Ok(Subject {
            repository: repository.to_owned(),
            repository_uuid: repository_uuid.clone(),
            environment: Some((name.to_owned(), uuid)),
        })
    };
    pairs(arguments)?.into_iter().map(subject).collect()
}
