//! The UUIDs of a setup, looked up in Bitbucket.

use keyless_aws::{Environment, Network};
use keyless_bitbucket::{Bitbucket, BitbucketError, DeploymentEnvironment, RepositorySlugs};
use keyless_core::setup::Subject;
use tokio::runtime::Builder;

use super::{Setup, Target};
use crate::failure::Failure;

/// Why something of a repository could not be looked up.
fn failed(what: &str, repository: &str, error: &BitbucketError) -> Failure {
    Failure::Bitbucket { what: format!("{what} {repository}"), reason: format!("{error}; {}", error.help()) }
}

/// A repository as Bitbucket has it.
struct Found {
    name: String,
    uuid: String,
    environments: Vec<DeploymentEnvironment>,
}

/// Looks up the repositories `WORKSPACE/NAME` and their deployment environments. Without a selection, every environment
/// gets a role.
pub(super) fn target(arguments: &Setup) -> Result<Target, Failure> {
    let environment = Environment::of_process();
    let unusable = |reason: String| Failure::Bitbucket { what: "the UUIDs".to_owned(), reason };
    let network = Network::from_environment(&environment).map_err(|error| unusable(error.to_string()))?;
    let api = Bitbucket::new(&environment, &network).map_err(|error| unusable(format!("{error}; {}", error.help())))?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| unusable(error.to_string()))?;
    let mut workspace: Option<(String, String)> = None;
    let mut found = Vec::new();
    for path in &arguments.repository {
        let slugs = path.parse::<RepositorySlugs>().map_err(|_| Failure::NotARepository(path.clone()))?;
        let repository =
            runtime.block_on(api.repository(&slugs)).map_err(|error| failed("repository", path, &error))?;
        let environments = runtime
            .block_on(api.environments(&slugs))
            .map_err(|error| failed("the deployment environments of", path, &error))?;
        let own = (slugs.workspace, repository.workspace.uuid);
        if workspace.get_or_insert_with(|| own.clone()).1 != own.1 {
            return Err(Failure::SeveralWorkspaces);
        }
        found.push(Found { name: slugs.repository, uuid: repository.uuid, environments });
    }
    let (workspace, workspace_uuid) = workspace.unwrap_or_default();
    let chosen = selected(&arguments.environment, &found)?;
    let mut subjects = Vec::new();
    for repository in &found {
        let own = chosen.iter().filter(|it| it.repository == repository.name).cloned();
        let before = subjects.len();
        subjects.extend(own);
        if arguments.environment.is_empty() {
            subjects.extend(repository.environments.iter().map(|environment| subject(repository, Some(environment))));
        }
        if subjects.len() == before {
            subjects.push(subject(repository, None));
        }
    }
    let read_only = selected(&arguments.read_only_environment, &found)?;
    Ok(Target { workspace, workspace_uuid, subjects, read_only })
}

fn subject(repository: &Found, environment: Option<&DeploymentEnvironment>) -> Subject {
    Subject {
        repository: repository.name.clone(),
        repository_uuid: repository.uuid.clone(),
        environment: environment.map(|it| (it.deployment().to_owned(), it.uuid.clone())),
    }
}

/// The environments of the form `REPOSITORY/NAME`.
fn selected(arguments: &[String], found: &[Found]) -> Result<Vec<Subject>, Failure> {
    let select = |text: &String| {
        let path = text.split_once('/');
        let repository = path.and_then(|(name, _)| found.iter().find(|it| it.name == name));
        let ((_, name), repository) =
            path.zip(repository).ok_or_else(|| Failure::EnvironmentWithoutRepository(text.clone()))?;
        let environment = repository.environments.iter().find(|it| it.is_named(name)).ok_or_else(|| {
            let names = repository.environments.iter().map(DeploymentEnvironment::deployment);
            Failure::NoSuchEnvironment { wanted: text.clone(), names: names.collect::<Vec<_>>().join(", ") }
        })?;
        Ok(subject(repository, Some(environment)))
    };
    arguments.iter().map(select).collect()
}
