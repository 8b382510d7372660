//! What Bitbucket has of a repository: its UUIDs, its deployment environments, and the variables of each level.

use std::{cell::RefCell, future::poll_fn, path::Path, pin::pin, task::Poll};

use keyless_aws::{Environment, Network};
use keyless_bitbucket::{
    Bitbucket, BitbucketError, DeploymentEnvironment, RepositorySlugs, Variable, VariableLevel, Wait,
};
use keyless_core::{
    migrate::Place,
    oidc::Uuid,
    settings::{Settings, Variables},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::{failure::Failure, git, streams::Streams};

/// A repository in Bitbucket, and the way to it.
pub(super) struct Remote {
    pub(super) slugs: RepositorySlugs,
    pub(super) bitbucket: Bitbucket,
    runtime: Runtime,
    waits: RefCell<UnboundedReceiver<Wait>>,
}

/// What was read of a repository.
pub(super) struct RepositorySettings {
    pub(super) uuid: String,
    pub(super) workspace_uuid: String,
    pub(super) main_branch: Option<String>,
    pub(super) environments: Vec<DeploymentEnvironment>,
    workspace: Vec<Variable>,
    repository: Vec<Variable>,
    /// In the order of the environments.
    of_environments: Vec<Vec<Variable>>,
    /// Why the workspace's variables could not be read: a repository's token may not.
    pub(super) unread: Option<String>,
}

impl Remote {
    /// The repository that is given, or that the variables of a step or a Git remote name.
    pub(super) fn open(
        environment: &Environment,
        network: &Network,
        given: Option<&RepositorySlugs>,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let slugs = given.cloned().or_else(|| of_step(environment)).or_else(|| of_remotes(folder));
        let slugs = slugs.ok_or(Failure::NoRepository)?;
        let unusable = |reason: String| Failure::Bitbucket { what: slugs.to_string(), reason };
        let (sender, waits) = unbounded_channel();
        let bitbucket = Bitbucket::new(environment, network)
            .map_err(|error| unusable(format!("{error}; {}", error.help())))?
            .telling(sender);
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| unusable(error.to_string()))?;
        Ok(Self { slugs, bitbucket, runtime, waits: RefCell::new(waits) })
    }

    /// Waits for a call, and tells the user when Bitbucket asks to wait.
    pub(super) fn wait<T>(&self, streams: &mut Streams<'_>, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        self.runtime.block_on(poll_fn(|context| {
            while let Poll::Ready(Some(wait)) = self.waits.borrow_mut().poll_recv(context) {
                streams.note(&[wait.to_string()]);
            }
            call.as_mut().poll(context)
        }))
    }

    /// What a failed read of the repository is called.
    pub(super) fn unread(&self, what: &str, error: &BitbucketError) -> Failure {
        Failure::Bitbucket { what: format!("{what} {}", self.slugs), reason: reason(error) }
    }

    /// What a failed change is called: "create variable `AWS_ROLE_ARN`".
    pub(super) fn unchanged(what: impl Into<String>, error: &BitbucketError) -> Failure {
        Failure::BitbucketChange { what: what.into(), reason: reason(error) }
    }

    /// Reads the repository.
    pub(super) fn read(&self, streams: &mut Streams<'_>) -> Result<RepositorySettings, Failure> {
        let api = &self.bitbucket;
        let of = |level| api.variables(&self.slugs, level);
        let repository = self.wait(streams, api.repository(&self.slugs));
        let repository = repository.map_err(|error| self.unread("repository", &error))?;
        let environments = self.wait(streams, api.environments(&self.slugs));
        let environments = environments.map_err(|error| self.unread("the deployment environments of", &error))?;
        let variables = self.wait(streams, of(VariableLevel::Repository));
        let variables = variables.map_err(|error| self.unread("the variables of", &error))?;
        let mut of_environments = Vec::new();
        for environment in &environments {
            let variables = self.wait(streams, of(VariableLevel::Environment(&environment.uuid)));
            let what = || format!("the variables of environment {} of", environment.deployment());
            of_environments.push(variables.map_err(|error| self.unread(&what(), &error))?);
        }
        let (workspace, unread) = match self.wait(streams, of(VariableLevel::Workspace)) {
            Ok(variables) => (variables, None),
            // The tokens of a repository never may.
            Err(error @ (BitbucketError::Forbidden { .. } | BitbucketError::NotFound)) => {
                (Vec::new(), Some(reason(&error)))
            }
            Err(error) => return Err(self.unread("the workspace variables for", &error)),
        };
        Ok(RepositorySettings {
            uuid: repository.uuid,
            workspace_uuid: repository.workspace.uuid,
            main_branch: repository.mainbranch.map(|branch| branch.name),
            environments,
            workspace,
            repository: variables,
            of_environments,
            unread,
        })
    }
}

/// Why Bitbucket refused, and what to do.
pub(super) fn reason(error: &BitbucketError) -> String {
    format!("{error}; {}", error.help())
}

/// The repository of a step.
fn of_step(environment: &Environment) -> Option<RepositorySlugs> {
    RepositorySlugs::new(environment.get("BITBUCKET_WORKSPACE")?, environment.get("BITBUCKET_REPO_SLUG")?)
}

/// The repository of a clone: that of `origin`, or of another remote at bitbucket.org.
fn of_remotes(folder: &Path) -> Option<RepositorySlugs> {
    let urls = git::run(folder, &["config", "--get-regexp", r"^remote\..*\.url$"]).ok()?.ok()?;
    let remotes = urls.lines().filter_map(|line| line.split_once(' '));
    let mut found =
        remotes.filter_map(|(name, url)| Some((name == "remote.origin.url", RepositorySlugs::of_remote(url)?)));
    let first = found.next()?;
    if first.0 {
        Some(first.1)
    } else {
        found.find(|(is_origin, _)| *is_origin).or(Some(first)).map(|(_, slugs)| slugs)
    }
}

impl RepositorySettings {
    /// The deployment environment that a pipeline names.
    pub(super) fn environment(&self, name: &str) -> Option<&DeploymentEnvironment> {
        self.environments.iter().find(|environment| environment.is_named(name))
    }

    /// A variable at a level.
    pub(super) fn variable(&self, place: &Place, name: &str) -> Option<&Variable> {
        let variables = match place {
            Place::Workspace => &self.workspace,
            Place::Repository => &self.repository,
            Place::Environment(environment) => {
                let at = self.environments.iter().position(|it| it.is_named(environment))?;
                self.of_environments.get(at)?
            }
        };
        variables.iter().find(|variable| variable.key == name)
    }

    /// The variables of all levels, those of the environments first.
    pub(super) fn all_variables(&self) -> Vec<(Place, &Variable)> {
        let environments = self.environments.iter().zip(&self.of_environments);
        let mut all: Vec<_> = environments
            .flat_map(|(environment, variables)| {
                variables.iter().map(|variable| (Place::Environment(environment.deployment().to_owned()), variable))
            })
            .collect();
        all.extend(self.repository.iter().map(|variable| (Place::Repository, variable)));
        all.extend(self.workspace.iter().map(|variable| (Place::Workspace, variable)));
        all
    }

    /// A level for the API; `None` for an environment that does not exist.
    pub(super) fn level(&self, place: &Place) -> Option<VariableLevel<'_>> {
        match place {
            Place::Workspace => Some(VariableLevel::Workspace),
            Place::Repository => Some(VariableLevel::Repository),
            Place::Environment(name) => self.environment(name).map(|it| VariableLevel::Environment(&it.uuid)),
        }
    }

    /// What is known of a file's surroundings: `declared`, and what Bitbucket has. Environments have the names that the pipeline
    /// uses.
    pub(super) fn apply(&self, slugs: &RepositorySlugs, declared: &Settings, used: &[String]) -> Settings {
        let keys = |variables: &[Variable]| variables.iter().map(|variable| variable.key.clone()).collect();
        let mut variables =
            Variables { workspace: keys(&self.workspace), repository: keys(&self.repository), ..Variables::default() };
        let mut settings = declared.clone();
        for (environment, own) in self.environments.iter().zip(&self.of_environments) {
            let mut names: Vec<&str> =
                used.iter().map(String::as_str).filter(|name| environment.is_named(name)).collect();
            if names.is_empty() {
                names.push(environment.deployment());
            }
            for name in names {
                variables.environments.insert(name.to_owned(), keys(own));
                settings.environments.entry(name.to_owned()).or_default().uuid = Uuid::parse(&environment.uuid).ok();
            }
        }
        settings.variables = Some(variables);
        settings.workspace = Some(slugs.workspace.clone());
        settings.workspace_uuid = Uuid::parse(&self.workspace_uuid).ok();
        settings.repository_uuid = Uuid::parse(&self.uuid).ok();
        settings
    }
}
