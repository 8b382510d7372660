//! `keyless doctor`: checks everything a deployment needs, with the access there is. Nothing is changed.

mod account;
mod report;
mod repository;
mod tags;

use std::{fs, io, path::PathBuf};

use clap::{Args, builder::NonEmptyStringValueParser};
use keyless_aws::{Environment, InventoryError, Network};
use keyless_bitbucket::RepositorySlugs;
use keyless_core::{
    aws::{Region, RoleArn},
    settings::Settings,
    setup::DEFAULT_QUALIFIER,
};
use tokio::runtime::Builder;

use crate::{outcome::Outcome, streams::Streams};
use report::Report;

/// Check everything a deployment needs, in Bitbucket and in AWS
///
/// Uses the access that is available, and changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
What is checked, and with which variables:
  region, role ARN             AWS_REGION, AWS_ROLE_ARN
  variables, environments      BITBUCKET_ACCESS_TOKEN, or ATLASSIAN_ACCOUNT_EMAIL with
                               ATLASSIAN_API_TOKEN; reads only the names of variables
  session                      the step's token, in a step with `oidc: true`
  deployment accounts          the session; with --deploy-accounts
  session tags                 the session, or keys as below; with SESSION_TAGS and ROLE_CHAIN
  provider, role, bootstrap    the session, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY
                               (and AWS_SESSION_TOKEN)

Examples:
  keyless doctor                               in a step with `oidc: true`
  eval \"$(aws configure export-credentials --format env)\"
  AWS_ROLE_ARN=arn:aws:iam::123456789012:role/deploy AWS_REGION=eu-west-1 \\
    keyless doctor --repository acme/shop --environment production

Exit status: 0 nothing failed, 1 a check failed, 2 invalid command line.")]
pub(crate) struct Doctor {
    /// The pipeline file [default: bitbucket-pipelines.yml]
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pipeline: Option<String>,
    /// The deployment environment that the role of `AWS_ROLE_ARN` belongs to [default: the step's]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    environment: Option<String>,
    /// The repository in Bitbucket [default: the step's]
    #[arg(long, value_name = "WORKSPACE/NAME")]
    repository: Option<RepositorySlugs>,
    /// The qualifier that the account was bootstrapped with [default: hnb659fds]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    qualifier: Option<String>,
    /// Other accounts that the role deploys to
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    deploy_accounts: Vec<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What the checks need and what they find out.
struct Context<'c, 's> {
    environment: &'c Environment,
    arguments: &'c Doctor,
    report: Report<'c, 's>,
    network: Network,
    /// The region of the deployment.
    region: Option<Region>,
    /// The role of the deployment.
    role: Option<RoleArn>,
    /// The pipeline file: its name in messages, and its text.
    pipeline: Option<(String, String)>,
    /// What is known of Bitbucket's settings.
    settings: Settings,
}

/// Checks everything and reports it.
pub(crate) fn run(arguments: &Doctor, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    let environment = Environment::of_process();
    let mut context = Context {
        environment: &environment,
        arguments,
        report: Report::new(arguments.json, streams),
        network: Network::default(),
        region: None,
        role: None,
        pipeline: None,
        settings: Settings::default(),
    };
    match Network::from_environment(&environment) {
        Ok(network) => context.network = network,
        Err(error) => {
            context.report.fail("network", error.to_string(), "fix AWS_CA_BUNDLE, or remove it".to_owned())?;
        }
    }
    let insecure = environment.insecure_endpoints();
    for endpoint in &insecure {
        context.report.fail("endpoint", endpoint.to_string(), format!("use https in {}, or remove it", endpoint.0))?;
    }
    context.check_region()?;
    context.check_role_arn()?;
    context.read_pipeline()?;
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        repository::check(&mut context).await?;
        if insecure.is_empty() { account::check(&mut context).await } else { Ok(()) }
    })?;
    context.report.finish()
}

impl Context<'_, '_> {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(str::to_owned)
    }

    /// The first of several variables.
    fn one_of(&self, names: [&str; 2]) -> Option<&str> {
        names.into_iter().find_map(|name| self.environment.get(name))
    }

    /// The deployment environment that the role belongs to.
    fn deployment(&self) -> Option<String> {
        self.arguments.environment.clone().or_else(|| self.variable("BITBUCKET_DEPLOYMENT_ENVIRONMENT"))
    }

    /// The qualifier that the accounts were bootstrapped with.
    fn qualifier(&self) -> String {
        let given = self.arguments.qualifier.clone().or_else(|| self.variable("QUALIFIER"));
        given.unwrap_or_else(|| DEFAULT_QUALIFIER.to_owned())
    }

    /// Reports that something in the account could not be read, which is not a failure.
    fn unread(&mut self, check: &'static str, action: &str, error: &InventoryError) -> io::Result<()> {
        let fix = format!("grant {action} to the role, or run this locally with credentials that allow it");
        self.report.not_checked(check, error.to_string(), fix)
    }

    fn check_region(&mut self) -> io::Result<()> {
        const CHECK: &str = "region";
        match self.one_of(["AWS_REGION", "AWS_DEFAULT_REGION"]).map(Region::parse) {
            Some(Ok(region)) => {
                self.report.pass(CHECK, region.to_string())?;
                self.region = Some(region);
                Ok(())
            }
            Some(Err(error)) => self.report.fail(CHECK, error.to_string(), "fix AWS_REGION".to_owned()),
            None => self.report.not_checked(
                CHECK,
                "neither AWS_REGION nor AWS_DEFAULT_REGION is set".to_owned(),
                "set AWS_REGION to the region of the deployment".to_owned(),
            ),
        }
    }

    fn check_role_arn(&mut self) -> io::Result<()> {
        const CHECK: &str = "role ARN";
        let role = self.one_of(["AWS_ROLE_ARN", "AWS_OIDC_ROLE_ARN"]).map(RoleArn::parse);
        match (role, &self.region) {
            (Some(Ok(role)), Some(region)) if role.partition() != region.partition() => {
                let text = format!(
                    "region `{region}` is in partition `{}`, but {role} is in `{}`",
                    region.partition(),
                    role.partition()
                );
                self.report.fail(CHECK, text, "use a role and a region of the same partition".to_owned())
            }
            (Some(Ok(role)), _) => {
                self.report.pass(CHECK, role.to_string())?;
                self.role = Some(role);
                Ok(())
            }
            (Some(Err(error)), _) => self.report.fail(CHECK, error.to_string(), "fix AWS_ROLE_ARN".to_owned()),
            (None, _) => self.report.not_checked(
                CHECK,
                "AWS_ROLE_ARN is not set".to_owned(),
                "set AWS_ROLE_ARN to the role that the deployment assumes".to_owned(),
            ),
        }
    }

    fn read_pipeline(&mut self) -> io::Result<()> {
        let folder = self.environment.get_os("BITBUCKET_CLONE_DIR").map(PathBuf::from).unwrap_or_default();
        let default = || folder.join("bitbucket-pipelines.yml");
        let path = self.arguments.pipeline.as_ref().map_or_else(default, PathBuf::from);
        match fs::read_to_string(&path) {
            Ok(text) => {
                self.pipeline = Some((path.display().to_string(), text));
                Ok(())
            }
            Err(error) => self.report.not_checked(
                "pipeline",
                format!("cannot read {}: {error}", path.display()),
                "run this in the folder of bitbucket-pipelines.yml, or use --pipeline".to_owned(),
            ),
        }
    }
}
