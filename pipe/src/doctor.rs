//! `keyless-aws doctor`: everything that a deployment needs, looked at with what access there is. Nothing is changed.
//!
//! It lives beside the calls to AWS, and not in the `keyless` command, which a pre-commit hook builds and which has no HTTP.

mod account;
mod arguments;
mod bitbucket;
mod repository;

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::PathBuf,
};

use keyless_aws::Network;
use keyless_core::{
    aws::{Region, RoleArn},
    settings::Settings,
};
use serde_json::json;

use crate::{endpoints::network, log, run::Variables};

pub use arguments::{Arguments, HELP, USAGE};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be.
    Pass,
    /// It is not.
    Fail,
    /// What access there is does not tell.
    CouldNotLook,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::CouldNotLook => "could not look",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug)]
struct Finding {
    /// What was looked at.
    check: &'static str,
    outcome: Outcome,
    text: String,
    /// What to do.
    fix: Option<String>,
}

/// The findings so far, each written as soon as it is there unless all are wanted as one document.
#[derive(Debug, Default)]
struct Report {
    json: bool,
    findings: Vec<Finding>,
}

/// What a check has to do with: the question and its surroundings.
struct Context<'c> {
    environment: &'c Variables,
    arguments: &'c Arguments,
    report: Report,
    /// The way to AWS and to Bitbucket.
    network: Network,
    /// The region of the deployment.
    region: Option<Region>,
    /// The role of the deployment.
    role: Option<RoleArn>,
    /// The pipeline file: what messages call it, and its text.
    pipeline: Option<(String, String)>,
    /// What became known of Bitbucket.
    settings: Settings,
}

/// Looks at everything and returns the exit code: 0, or 1 where something is not as it should be.
pub async fn doctor(environment: Variables, arguments: Arguments) -> u8 {
    let report = Report { json: arguments.json, findings: Vec::new() };
    let mut context = Context {
        environment: &environment,
        arguments: &arguments,
        report,
        network: Network::default(),
        region: None,
        role: None,
        pipeline: None,
        settings: Settings::default(),
    };
    match network(&environment) {
        Ok(network) => context.network = network,
        Err(mistake) => {
            context.report.fail("network", mistake.to_string(), "correct AWS_CA_BUNDLE, or remove it".to_owned());
        }
    }
    context.check_region();
    context.check_role_name();
    context.read_pipeline();
    repository::check(&mut context).await;
    account::check(&mut context).await;
    context.report.finish()
}

impl Context<'_> {
    /// A variable of the environment, where it is set to something.
    fn variable(&self, name: &str) -> Option<String> {
        let value = self.environment.get(&OsString::from(name))?.to_str()?;
        Some(value.to_owned()).filter(|value| !value.is_empty())
    }

    /// The first of several variables.
    fn one_of(&self, names: [&str; 2]) -> Option<String> {
        names.into_iter().find_map(|name| self.variable(name))
    }

    /// The deployment environment that the role belongs to.
    fn deployment(&self) -> Option<String> {
        self.arguments.environment.clone().or_else(|| self.variable("BITBUCKET_DEPLOYMENT_ENVIRONMENT"))
    }

    fn check_region(&mut self) {
        const CHECK: &str = "region";
        match self.one_of(["AWS_REGION", "AWS_DEFAULT_REGION"]).map(|name| Region::parse(&name)) {
            Some(Ok(region)) => {
                self.report.pass(CHECK, region.to_string());
                self.region = Some(region);
            }
            Some(Err(error)) => self.report.fail(CHECK, error.to_string(), "correct AWS_REGION".to_owned()),
            None => self.report.could_not_look(
                CHECK,
                "neither AWS_REGION nor AWS_DEFAULT_REGION is set".to_owned(),
                "set AWS_REGION to the region of the deployment".to_owned(),
            ),
        }
    }

    fn check_role_name(&mut self) {
        const CHECK: &str = "role's name";
        let role = self.one_of(["AWS_ROLE_ARN", "AWS_OIDC_ROLE_ARN"]).map(|arn| RoleArn::parse(&arn));
        match (role, &self.region) {
            (Some(Ok(role)), Some(region)) if role.partition() != region.partition() => {
                let text =
                    format!("{role} is of the partition {}, {region} of {}", role.partition(), region.partition());
                self.report.fail(CHECK, text, "name a role and a region of one partition".to_owned());
            }
            (Some(Ok(role)), _) => {
                self.report.pass(CHECK, role.to_string());
                self.role = Some(role);
            }
            (Some(Err(error)), _) => self.report.fail(CHECK, error.to_string(), "correct AWS_ROLE_ARN".to_owned()),
            (None, _) => self.report.could_not_look(
                CHECK,
                "AWS_ROLE_ARN is not set".to_owned(),
                "set AWS_ROLE_ARN to the role that the deployment assumes".to_owned(),
            ),
        }
    }

    fn read_pipeline(&mut self) {
        let folder = self.variable("BITBUCKET_CLONE_DIR").map(PathBuf::from).unwrap_or_default();
        let default = || folder.join("bitbucket-pipelines.yml");
        let path = self.arguments.pipeline.clone().unwrap_or_else(default);
        match fs::read_to_string(&path) {
            Ok(text) => self.pipeline = Some((path.display().to_string(), text)),
            Err(error) => self.report.could_not_look(
                "pipeline",
                format!("{}: {error}", path.display()),
                "run in the folder of bitbucket-pipelines.yml, or name it by --pipeline".to_owned(),
            ),
        }
    }
}

impl Report {
    fn pass(&mut self, check: &'static str, text: String) {
        self.add(Finding { check, outcome: Outcome::Pass, text, fix: None });
    }

    fn fail(&mut self, check: &'static str, text: String, fix: String) {
        self.add(Finding { check, outcome: Outcome::Fail, text, fix: Some(fix) });
    }

    fn could_not_look(&mut self, check: &'static str, text: String, fix: String) {
        self.add(Finding { check, outcome: Outcome::CouldNotLook, text, fix: Some(fix) });
    }

    fn add(&mut self, finding: Finding) {
        if !self.json {
            let Finding { check, outcome, text, fix } = &finding;
            let mark = match outcome {
                Outcome::Pass => "✔",
                Outcome::Fail => "✖",
                Outcome::CouldNotLook => "?",
            };
            let fix = fix.as_ref().map_or_else(String::new, |fix| format!("\nto do: {fix}"));
            let looked = if *outcome == Outcome::CouldNotLook { "could not look: " } else { "" };
            log::line(mark, format_args!("{check}: {looked}{text}{fix}"));
        }
        self.findings.push(finding);
    }

    fn finish(self) -> u8 {
        let count = |outcome| self.findings.iter().filter(|finding| finding.outcome == outcome).count();
        let failed = count(Outcome::Fail);
        if self.json {
            let checks: Vec<_> = self
                .findings
                .iter()
                .map(|it| json!({"check": it.check, "outcome": it.outcome.name(), "text": it.text, "fix": it.fix}))
                .collect();
            // Nobody is left to be told when standard output is closed.
            let _ = writeln!(io::stdout().lock(), "{:#}", json!({"version": 1, "checks": checks}));
        } else {
            let (passed, unseen) = (count(Outcome::Pass), count(Outcome::CouldNotLook));
            log::line(" ", format_args!("{passed} pass, {failed} fail, {unseen} could not be looked at"));
        }
        u8::from(failed > 0)
    }
}
