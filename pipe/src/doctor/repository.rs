//! What Bitbucket's settings define, against what the pipeline needs.

use std::collections::BTreeSet;

use keyless_core::{
    requirements::{self, Status},
    settings::{Environment as Known, Variables},
    text::Source,
};

use super::{
    Context,
    arguments::is_slug,
    bitbucket::{Bitbucket, BitbucketError, Variable},
};

const REPOSITORY: &str = "repository";
const ENVIRONMENTS: &str = "deployment environments";
const VARIABLES: &str = "variables";
const STORED_KEYS: &str = "stored keys";

/// Variables that hold keys of AWS.
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// Looks at the repository, its environments and the variables of all levels, and keeps what becomes known.
pub(super) async fn check(context: &mut Context<'_>) {
    know_the_step(context);
    let Some((workspace, name)) = repository(context) else {
        let fix = "name it by --repository WORKSPACE/NAME".to_owned();
        context.report.could_not_look(REPOSITORY, "which repository it is is not known".to_owned(), fix);
        return;
    };
    context.settings.workspace = Some(workspace.clone());
    let read = match Bitbucket::new(|name| context.variable(name), &context.network) {
        Ok(bitbucket) => bitbucket.repository(&workspace, &name).await.map(|read| (bitbucket, read)),
        Err(error) => Err(error),
    };
    let (bitbucket, read) = match read {
        Ok(read) => read,
        Err(error) => return unseen(context, REPOSITORY, &format!("{workspace}/{name}"), &error),
    };
    context.report.pass(REPOSITORY, format!("{workspace}/{name} {}", read.uuid));
    context.settings.repository_uuid = Some(read.uuid);
    context.settings.workspace_uuid = Some(read.workspace.uuid);
    let complete = check_environments(context, &bitbucket, &workspace, &name).await;
    check_variables(context, &bitbucket, (&workspace, &name), complete).await;
}

/// What the step says of itself.
fn know_the_step(context: &mut Context<'_>) {
    context.settings.workspace = context.variable("BITBUCKET_WORKSPACE");
    context.settings.repository_uuid = context.variable("BITBUCKET_REPO_UUID");
    let environment = context.variable("BITBUCKET_DEPLOYMENT_ENVIRONMENT");
    if let (Some(name), uuid @ Some(_)) = (environment, context.variable("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID")) {
        context.settings.environments.insert(name, Known { uuid, ..Known::default() });
    }
}

fn repository(context: &Context<'_>) -> Option<(String, String)> {
    let of_step = || {
        let pair = (context.variable("BITBUCKET_WORKSPACE")?, context.variable("BITBUCKET_REPO_SLUG")?);
        Some(pair).filter(|(workspace, name)| is_slug(workspace) && is_slug(name))
    };
    context.arguments.repository.clone().or_else(of_step)
}

fn unseen(context: &mut Context<'_>, check: &'static str, what: &str, error: &BitbucketError) {
    context.report.could_not_look(check, format!("{what}: {error}"), error.fix().to_owned());
}

/// The environments that the pipeline deploys to.
fn named_by_pipeline(context: &Context<'_>) -> BTreeSet<String> {
    let mut names: BTreeSet<_> = context.arguments.environment.clone().into_iter().collect();
    if let Some((name, text)) = &context.pipeline {
        let found = requirements::requirements(&Source::new(name, text), &context.settings);
        names.extend(found.steps.into_iter().filter_map(|step| step.environment));
    }
    names
}

/// Whether the environments could be read.
async fn check_environments(context: &mut Context<'_>, bitbucket: &Bitbucket, workspace: &str, name: &str) -> bool {
    let all = match bitbucket.environments(workspace, name).await {
        Ok(all) => all,
        Err(error) => {
            unseen(context, ENVIRONMENTS, "their list", &error);
            return false;
        }
    };
    let wanted = named_by_pipeline(context);
    let mut missing = Vec::new();
    for name in &wanted {
        match all.iter().find(|environment| environment.is(name)) {
            Some(found) => {
                let known = Known { uuid: Some(found.uuid.clone()), ..Known::default() };
                context.settings.environments.insert(name.clone(), known);
            }
            None => missing.push(name),
        }
    }
    for name in &missing {
        let fix = format!("create `{name}` under Repository settings > Deployments, or correct the pipeline");
        context.report.fail(ENVIRONMENTS, format!("the pipeline deploys to `{name}`, which does not exist"), fix);
    }
    if missing.is_empty() && !wanted.is_empty() {
        let names: Vec<_> = wanted.into_iter().collect();
        context.report.pass(ENVIRONMENTS, names.join(", "));
    }
    true
}

/// The levels of variables that were read, and whether those are all.
struct Levels {
    variables: Variables,
    /// Name, place, and whether it is secured.
    keys: Vec<(String, String, bool)>,
    complete: bool,
}

impl Levels {
    /// Takes over the names of one level.
    fn take(
        &mut self,
        context: &mut Context<'_>,
        place: &str,
        read: Result<Vec<Variable>, BitbucketError>,
    ) -> Vec<String> {
        match read {
            Ok(read) => {
                let keys = read.iter().filter(|variable| KEYS.contains(&variable.key.as_str()));
                self.keys.extend(keys.map(|variable| (variable.key.clone(), place.to_owned(), variable.secured)));
                read.into_iter().map(|variable| variable.key).collect()
            }
            Err(error) => {
                unseen(context, VARIABLES, &format!("those of {place}"), &error);
                self.complete = false;
                Vec::new()
            }
        }
    }
}

async fn check_variables(
    context: &mut Context<'_>,
    bitbucket: &Bitbucket,
    (workspace, name): (&str, &str),
    complete: bool,
) {
    let mut levels = Levels { variables: Variables::default(), keys: Vec::new(), complete };
    let read = bitbucket.workspace_variables(workspace).await;
    levels.variables.workspace = levels.take(context, "the workspace", read);
    let read = bitbucket.repository_variables(workspace, name).await;
    levels.variables.repository = levels.take(context, "the repository", read);
    for environment in named_by_pipeline(context) {
        let known = context.settings.environments.get(&environment).and_then(|known| known.uuid.clone());
        let Some(uuid) = known else { continue };
        let read = bitbucket.environment_variables(workspace, name, &uuid).await;
        let names = levels.take(context, &environment, read);
        levels.variables.environments.insert(environment, names);
    }
    check_keys(context, &levels);
    context.settings.variables = Some(levels.variables);
    check_needs(context, levels.complete);
}

fn check_keys(context: &mut Context<'_>, levels: &Levels) {
    for (name, place, secured) in &levels.keys {
        let open = if *secured { "" } else { ", for everyone to read" };
        let text = format!("{name} is stored for {place}{open}");
        let fix = "delete it in Bitbucket's settings, and the access key in IAM: it wins over the role".to_owned();
        context.report.fail(STORED_KEYS, text, fix);
    }
    if levels.keys.is_empty() && levels.complete {
        context.report.pass(STORED_KEYS, "none".to_owned());
    }
}

fn check_needs(context: &mut Context<'_>, complete: bool) {
    let Some((name, text)) = &context.pipeline else { return };
    let needs = requirements::requirements(&Source::new(name, text), &context.settings).variables;
    let missing: Vec<_> = needs.iter().filter(|need| need.status == Status::Missing).collect();
    for need in &missing {
        let place = match need.missing_for.as_slice() {
            [] => "the repository or the workspace".to_owned(),
            environments => environments.join(", "),
        };
        let text = format!("`{}` is not defined for {place}", need.name);
        if complete {
            let fix = format!("define it for {place} under Repository settings");
            context.report.fail(VARIABLES, text, fix);
        } else {
            let fix = "look whether the level that could not be read has it".to_owned();
            context.report.could_not_look(VARIABLES, format!("{text} as far as can be seen"), fix);
        }
    }
    if missing.is_empty() {
        let names: Vec<_> = needs.iter().map(|need| need.name.as_str()).collect();
        let text = if names.is_empty() { "the pipeline needs none".to_owned() } else { names.join(", ") };
        context.report.pass(VARIABLES, text);
    }
}
