//! Published pipes: their variables, how they log in, and what replaced them.
//!
//! The data is [`catalogue.tsv`](./catalogue/catalogue.tsv): facts from public copies of READMEs, vendors' documentation
//! and public pipelines, as of November 2026. It is not complete, and each question that could cause a false alarm is
//! answered by a function here that knows how well the answer is founded:
//!
//! - A variable is certainly required only where a README that was read marks it so, and only up to the newest version
//!   that was read ([`Pipe::certainly_requires`]).
//! - A name is unknown only for versions whose list of variables was read in full ([`Pipe::lacks_variable`]).
//! - A login with a role is recommended only for versions that are known to have it ([`Login::accepts_role`]).

mod read;

use std::sync::LazyLock;

use super::{Reference, Version};
use crate::spelling::nearest;

static PIPES: LazyLock<Vec<Pipe>> = LazyLock::new(|| read::pipes(include_str!("catalogue/catalogue.tsv")));

/// A published pipe.
#[derive(Debug)]
pub struct Pipe {
    /// `owner/name`, as users write it.
    pub name: &'static str,
    /// Other names of the same pipe: images, with their registry unless that is Docker Hub.
    pub also: Vec<&'static str>,
    /// Whether its README was read, so that it says which variables are required.
    pub readme_read: bool,
    /// Versions whose list of variables was read in full, in order.
    pub read_versions: Vec<Version>,
    /// The newest version met anywhere; there may be newer ones.
    pub newest: Option<Version>,
    /// How it gets its credentials.
    pub login: Login,
    /// Whether it changes something outside the pipeline: an environment, a registry, a server.
    pub deploys: bool,
    /// The pipe that replaced it. The old one still runs.
    pub replaced_by: Option<&'static str>,
    /// Beginnings of names that reach the tool behind the pipe, so that no such name is unknown.
    pub open_prefixes: Vec<&'static str>,
    /// The key that its README uses instead of `variables`.
    pub variables_key: Option<&'static str>,
    /// At least one variable of each group is needed.
    pub one_of: Vec<Vec<&'static str>>,
    /// Its variables.
    pub variables: Vec<Variable>,
}

/// How a pipe gets its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// The ways it offers.
    pub kind: LoginKind,
    /// The variable that names the role, or the file that configures the login with the token.
    pub oidc_variable: Option<&'static str>,
    /// The lowest version that certainly accepts a role; `None` when unknown.
    pub oidc_since: Option<Version>,
    /// The lowest version that was seen with a role.
    pub oidc_seen_at: Option<Version>,
}

/// The ways to log in that a pipe offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// A role with the step's token, or stored keys.
    RoleOrKeys,
    /// A role with the step's token.
    Role,
    /// The step's token, for something other than a cloud role.
    Token,
    /// Stored keys.
    Keys,
    /// A token of the service's API.
    ApiToken,
    /// None.
    None,
    /// Not known.
    Unknown,
}

/// A variable of a pipe.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Whether it is needed.
    pub required: Required,
    /// Whether it holds a secret.
    pub secret: bool,
    /// What is taken when it is not given.
    pub default: Option<&'static str>,
    /// Values that are known.
    pub values: Vec<&'static str>,
    /// Whether [`Variable::values`] is the whole list, so that another literal is wrong.
    pub values_closed: bool,
    /// The first version that takes it, where that is known.
    pub since: Option<Version>,
    /// Its newer name.
    pub renamed_to: Option<&'static str>,
    /// Whether it should not be used any more.
    pub deprecated: Option<Deprecation>,
    /// What to know about it, for hover; empty where nothing is.
    pub documentation: &'static str,
}

/// Whether a variable is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// Always, by the pipe's README.
    Always,
    /// Always, by a weaker source.
    Likely,
    /// Yes, and Bitbucket's settings can give it, unless the pipe is used by `docker://`.
    FromSettings,
    /// If another variable has a value.
    When(Condition),
    /// No.
    Optional,
    /// Not known.
    Unknown,
}

/// When a conditional variable is needed. It can be judged only where the deciding variable is a literal in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The variable has the value.
    Is(&'static str, &'static str),
    /// The variable has another value.
    IsNot(&'static str, &'static str),
    /// The variable is not given.
    Absent(&'static str),
    /// Something that a file does not tell.
    Other,
}

/// Why a variable should not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deprecation {
    /// It holds an app password; those stopped working on 2026-07-28.
    AppPassword,
    /// Its README says so.
    Discouraged,
}

/// All pipes.
pub fn pipes() -> &'static [Pipe] {
    &PIPES
}

/// A pipe by its reference: as `owner/name`, as an image of any registry, or through a mirror that keeps the last two
/// parts of the name.
pub fn find(reference: &Reference<'_>) -> Option<&'static Pipe> {
    if !reference.docker {
        // A repository on Bitbucket; an image of the same name is another thing.
        return pipes().iter().find(|pipe| pipe.name == reference.path);
    }
    let whole = reference.registry.map(|registry| format!("{registry}/{}", reference.path));
    let mirrored = reference.owner_and_name();
    let names = [whole.as_deref(), Some(reference.path), Some(mirrored)];
    names.into_iter().flatten().find_map(|name| pipes().iter().find(|pipe| pipe.has_image(name)))
}

impl Pipe {
    fn has_image(&self, name: &str) -> bool {
        self.also.contains(&name)
            || match self.name.strip_prefix("atlassian/") {
                // On Docker Hub, and below docker-public.packages.atlassian.com, Atlassian's images have another owner.
                Some(own) => name.strip_prefix("bitbucketpipelines/") == Some(own),
                None => self.name == name,
            }
    }

    /// One of its variables.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// The variable whose name is most like one that does not exist.
    pub fn nearest_variable(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.variables.iter().map(|variable| variable.name))
    }

    /// Whether a version certainly does not take a variable. Names are compared as written: case matters.
    ///
    /// `DEBUG` is taken by nearly every pipe. A version that is not fixed, or not one that was read or between two that
    /// were, says nothing.
    pub fn lacks_variable(&self, version: Option<Version>, name: &str) -> bool {
        let read = version.is_some_and(|version| {
            let first_and_last = self.read_versions.first().zip(self.read_versions.last());
            first_and_last.is_some_and(|(first, last)| *first <= version && version <= *last)
        });
        read && name != "DEBUG" && self.variable(name).is_none() && !self.accepts_any(name)
    }

    /// The variables without which a version certainly does not run.
    pub fn certainly_requires(&self, version: Option<Version>) -> impl Iterator<Item = &Variable> {
        let read = self.is_read(version);
        self.variables.iter().filter(move |variable| read && variable.required == Required::Always)
    }

    /// Whether what is known about required variables and values is valid for a version: the README of this version, or
    /// of a newer one of the same major version, was read.
    pub fn is_read(&self, version: Option<Version>) -> bool {
        version.is_some_and(|version| {
            let same_major = self.read_versions.iter().filter(|read| read.major == version.major);
            same_major.max().is_some_and(|newest| version <= *newest)
        })
    }

    /// Whether a name reaches the tool behind the pipe, so that it cannot be unknown.
    pub fn accepts_any(&self, name: &str) -> bool {
        self.open_prefixes.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Whether a version may be too old for a role, although the first one with it is unknown: it is from before 1.0, and the
    /// versions that are seen with a role are not.
    pub fn may_be_too_old_for_role(&self, version: Version) -> bool {
        let seen = self.login.oidc_seen_at.or(self.newest);
        self.login.oidc_since.is_none() && version.major == 0 && seen.is_some_and(|seen| seen.major > 0)
    }

    /// Whether a version is older than the newest that is known.
    pub fn is_outdated(&self, version: Version) -> bool {
        self.newest.is_some_and(|newest| version < newest)
    }
}

impl Login {
    /// Whether a version certainly accepts a role with the step's token instead of stored keys.
    pub fn accepts_role(&self, version: Version) -> bool {
        let lowest = self.oidc_since.or(self.oidc_seen_at);
        matches!(self.kind, LoginKind::RoleOrKeys | LoginKind::Role) && lowest.is_some_and(|lowest| lowest <= version)
    }

    /// Whether a version is certainly too old for a role, and the lowest that is not.
    pub fn too_old_for_role(&self, version: Version) -> Option<Version> {
        self.oidc_since.filter(|since| version < *since)
    }
}

#[cfg(test)]
mod tests;
