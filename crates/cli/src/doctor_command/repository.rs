//! Checks Bitbucket's settings against what the pipeline needs.

use std::{collections::BTreeSet, io};

use keyless_bitbucket::{Bitbucket, BitbucketError, RepositorySlugs, Variable, VariableLevel};
use keyless_core::{
    analysis::{Analysis, ParsedFile},
    oidc::Uuid,
    requirements::{self, Requirements, Status},
    settings::{Environment as Known, Settings, Variables},
    text::Source,
};

use super::Context;

const REPOSITORY: &str = "repository";
const ENVIRONMENTS: &str = "deployment environments";
const VARIABLES: &str = "variables";
const STORED_KEYS: &str = "stored keys";

/// Variables with AWS access keys.
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// Checks the repository, its environments and the variables of all levels, and keeps what it finds out.
pub(super) async fn check(context: &mut Context<'_, '_>) -> io::Result<()> {
    read_step(context);
    let Some(slugs) = repository(context) else {
        let fix = "use --repository WORKSPACE/NAME".to_owned();
        return context.report.not_checked(REPOSITORY, "no repository is given".to_owned(), fix);
    };
    context.settings.workspace = Some(slugs.workspace.clone());
    let read = match Bitbucket::new(context.environment, &context.network) {
        Ok(bitbucket) => bitbucket.repository(&slugs).await.map(|read| (bitbucket, read)),
        Err(error) => Err(error),
    };
    let (bitbucket, read) = match read {
        Ok(read) => read,
        Err(error) => return unread(context, REPOSITORY, &slugs.to_string(), &error),
    };
    context.report.pass(REPOSITORY, format!("{slugs} {}", read.uuid))?;
    context.settings.repository_uuid = Uuid::parse(&read.uuid).ok();
    context.settings.workspace_uuid = Uuid::parse(&read.workspace.uuid).ok();
    let complete = check_environments(context, &bitbucket, &slugs).await?;
    check_variables(context, &bitbucket, &slugs, complete).await
}

/// Takes what the step's variables say.
fn read_step(context: &mut Context<'_, '_>) {
    let uuid = |name: &str| context.variable(name).and_then(|uuid| Uuid::parse(&uuid).ok());
    let (repository_uuid, environment_uuid) =
        (uuid("BITBUCKET_REPO_UUID"), uuid("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID"));
    context.settings.workspace = context.variable("BITBUCKET_WORKSPACE");
    context.settings.repository_uuid = repository_uuid;
    let environment = context.variable("BITBUCKET_DEPLOYMENT_ENVIRONMENT");
    if let (Some(name), uuid @ Some(_)) = (environment, environment_uuid) {
        context.settings.environments.insert(name, Known { uuid, ..Known::default() });
    }
}

fn repository(context: &Context<'_, '_>) -> Option<RepositorySlugs> {
    let of_step = || {
        let environment = context.environment;
        RepositorySlugs::new(environment.get("BITBUCKET_WORKSPACE")?, environment.get("BITBUCKET_REPO_SLUG")?)
    };
    context.arguments.repository.clone().or_else(of_step)
}

fn unread(context: &mut Context<'_, '_>, check: &'static str, what: &str, error: &BitbucketError) -> io::Result<()> {
    context.report.not_checked(check, format!("{what}: {error}"), error.help())
}

/// The environments that the pipeline deploys to.
fn named_by_pipeline(context: &Context<'_, '_>) -> BTreeSet<String> {
    let mut names: BTreeSet<_> = context.arguments.environment.clone().into_iter().collect();
    if let Some((name, text)) = &context.pipeline {
        let found = required(name, text, &context.settings);
        names.extend(found.steps.into_iter().filter_map(|step| step.environment));
    }
    names
}

/// Whether the environments could be read.
async fn check_environments(
    context: &mut Context<'_, '_>,
    bitbucket: &Bitbucket,
    slugs: &RepositorySlugs,
) -> io::Result<bool> {
    let all = match bitbucket.environments(slugs).await {
        Ok(all) => all,
        Err(error) => {
            unread(context, ENVIRONMENTS, "cannot list them", &error)?;
            return Ok(false);
        }
    };
    let wanted = named_by_pipeline(context);
    let mut missing = Vec::new();
    for name in &wanted {
        match all.iter().find(|environment| environment.is_named(name)) {
            Some(found) => {
                let known = Known { uuid: Uuid::parse(&found.uuid).ok(), ..Known::default() };
                context.settings.environments.insert(name.clone(), known);
            }
            None => missing.push(name),
        }
    }
    for name in &missing {
        let fix = format!("create `{name}` under Repository settings > Deployments, or fix the name in the pipeline");
        context.report.fail(ENVIRONMENTS, format!("the pipeline deploys to `{name}`, which does not exist"), fix)?;
    }
    if missing.is_empty() && !wanted.is_empty() {
        let names: Vec<_> = wanted.into_iter().collect();
        context.report.pass(ENVIRONMENTS, names.join(", "))?;
    }
    Ok(true)
}

/// The levels of variables that were read, and whether those are all.
struct Levels {
    variables: Variables,
    /// Name, level, and whether it is secured.
    keys: Vec<(String, String, bool)>,
    complete: bool,
}

impl Levels {
    /// Adds the names of one level.
    fn take(
        &mut self,
        context: &mut Context<'_, '_>,
        level: &str,
        read: Result<Vec<Variable>, BitbucketError>,
    ) -> io::Result<Vec<String>> {
        match read {
            Ok(read) => {
                let keys = read.iter().filter(|variable| KEYS.contains(&variable.key.as_str()));
                self.keys.extend(keys.map(|variable| (variable.key.clone(), level.to_owned(), variable.secured)));
                Ok(read.into_iter().map(|variable| variable.key).collect())
            }
            Err(error) => {
                self.complete = false;
                unread(context, VARIABLES, &format!("cannot list those of {level}"), &error)?;
                Ok(Vec::new())
            }
        }
    }
}

async fn check_variables(
    context: &mut Context<'_, '_>,
    bitbucket: &Bitbucket,
    slugs: &RepositorySlugs,
    complete: bool,
) -> io::Result<()> {
    let mut levels = Levels { variables: Variables::default(), keys: Vec::new(), complete };
    let read = bitbucket.variables(slugs, VariableLevel::Workspace).await;
    levels.variables.workspace = levels.take(context, "the workspace", read)?;
    let read = bitbucket.variables(slugs, VariableLevel::Repository).await;
    levels.variables.repository = levels.take(context, "the repository", read)?;
    for environment in named_by_pipeline(context) {
        let known = context.settings.environments.get(&environment).and_then(|known| known.uuid);
        let Some(uuid) = known else { continue };
        let read = bitbucket.variables(slugs, VariableLevel::Environment(&uuid.to_string())).await;
        let names = levels.take(context, &environment, read)?;
        levels.variables.environments.insert(environment, names);
    }
    check_keys(context, &levels)?;
    context.settings.variables = Some(levels.variables);
    check_needs(context, levels.complete)
}

fn check_keys(context: &mut Context<'_, '_>, levels: &Levels) -> io::Result<()> {
    for (name, level, secured) in &levels.keys {
        let readable = if *secured { "" } else { " and not secured" };
        let text = format!("{name} is set in {level}{readable}");
        let fix = "delete it in Bitbucket's settings, and the access key in IAM: it takes precedence over the role";
        context.report.fail(STORED_KEYS, text, fix.to_owned())?;
    }
    if levels.keys.is_empty() && levels.complete {
        context.report.pass(STORED_KEYS, "none".to_owned())?;
    }
    Ok(())
}

fn required(name: &str, text: &str, settings: &Settings) -> Requirements {
    let source = Source::new(name, text);
    requirements::requirements(&Analysis::new(&ParsedFile::new(&source), settings))
}

fn check_needs(context: &mut Context<'_, '_>, complete: bool) -> io::Result<()> {
    let Some((name, text)) = &context.pipeline else { return Ok(()) };
    let needs = required(name, text, &context.settings).variables;
    let missing: Vec<_> = needs.iter().filter(|need| need.status == Status::Missing).collect();
    for need in &missing {
        let level = match need.missing_for.as_slice() {
            [] => "the repository or the workspace".to_owned(),
            environments => environments.join(", "),
        };
        let text = format!("`{}` is not set in {level}", need.name);
        if complete {
            let fix = format!("set it in {level} under Repository settings");
            context.report.fail(VARIABLES, text, fix)?;
        } else {
            let fix = "check whether it is set at the level that could not be read".to_owned();
            context.report.not_checked(VARIABLES, text, fix)?;
        }
    }
    if missing.is_empty() {
        let names: Vec<_> = needs.iter().map(|need| need.name.as_str()).collect();
        let text = if names.is_empty() { "the pipeline needs none".to_owned() } else { names.join(", ") };
        context.report.pass(VARIABLES, text)?;
    }
    Ok(())
}
