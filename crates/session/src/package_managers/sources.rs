//! Where a package manager takes packages from, as it says itself.

use std::path::Path;

use super::Registry;

/// A question about the effective configuration.
#[derive(Debug)]
pub(crate) struct Question {
    /// The program to run.
    pub(crate) program: &'static str,
    /// Its arguments; each command is a part of the question.
    pub(crate) commands: &'static [&'static [&'static str]],
    /// Whether there is a project to ask about. Without such a condition there always is.
    pub(crate) project: Option<fn(&Path) -> bool>,
    /// Reads what it printed. `None` when it is not understood.
    pub(crate) read: fn(&Answer<'_>) -> Option<Sources>,
}

/// What the commands of a question printed, and what may take precedence over it.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// What each command printed.
    pub(crate) printed: &'a [String],
    /// The repository that it was logged in to.
    pub(crate) registry: &'a Registry<'a>,
    /// The folder of the project.
    pub(crate) folder: &'a Path,
    /// The home folder.
    pub(crate) home: Option<&'a Path>,
}

/// A registry that a package manager uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its URL. It may have credentials in it.
    pub(crate) url: String,
    /// The file that names it, if known.
    pub(crate) file: Option<String>,
}

/// Where packages are taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// The registry that is asked first: for the packages of the repository's scope, if it has one, or else for all. `None`
    /// when the project does not name the repository.
    pub(crate) first: Option<Source>,
    /// Others that are asked for the same packages.
    pub(crate) further: Vec<Source>,
    /// Other scopes of npm packages with a registry of their own.
    pub(crate) scopes: Vec<(String, String)>,
}

impl Source {
    /// A registry that something unknown names.
    pub(crate) fn of(url: impl Into<String>) -> Self {
        Self { url: url.into(), file: None }
    }
}

impl Sources {
    /// Of npm packages: a default registry, and those of scopes (`@acme`).
    pub(super) fn of_npm(default: Option<String>, mut scopes: Vec<(String, String)>, scope: Option<&str>) -> Self {
        let own = scopes.iter().position(|(name, _)| Some(name.as_str()) == scope);
        let own = own.map(|index| scopes.swap_remove(index).1);
        // The package managers that support JSR's packages know its registry.
        scopes.retain(|(name, url)| name != "@jsr" || !url.starts_with("https://npm.jsr.io"));
        scopes.sort_unstable();
        let first = own.or(default).map(Source::of);
        // With a scope, the registries of others are none of the repository's business.
        Self { first, further: Vec::new(), scopes: if scope.is_some() { Vec::new() } else { scopes } }
    }
}
