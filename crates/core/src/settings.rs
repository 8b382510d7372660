//! What a team declares about the world outside the file: `keyless.yaml`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use crate::{diagnostic::Severity, oidc::Uuid, yaml::has_template};

/// The settings of one repository. They hold names; values are never asked for.
///
/// ```yaml
/// variables:
///   workspace: [AWS_REGION]
///   repository: [SONAR_TOKEN]
///   environments:
///     staging: [AWS_ROLE_ARN]
///     production: [AWS_ROLE_ARN]
/// role:
///   trust-policy: aws/trust-policy.json
/// environments:
///   production: {uuid: "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}", trust-policy: aws/production.json}
/// rules: {unpinned-image: off}
/// paths: {exclude: [examples/]}
/// overrides:
///   - paths: [services/legacy/]
///     rules: {scripts: hint}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The variables that Bitbucket's settings define. Without them nothing is known about any, and an absent one is
    /// no more than a hint.
    #[serde(default)]
    pub variables: Option<Variables>,
    /// What the trust policies of the roles ask for.
    #[serde(default)]
    pub role: Role,
    /// What is known of the deployment environments, by their names.
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
    /// The workspace's name.
    #[serde(default)]
    pub workspace: Option<String>,
    /// The workspace's UUID.
    #[serde(default)]
    pub workspace_uuid: Option<Uuid>,
    /// The repository's UUID.
    #[serde(default)]
    pub repository_uuid: Option<Uuid>,
    /// How seriously findings are taken, by the id of a rule or the name of a group.
    #[serde(default)]
    pub rules: BTreeMap<String, Level>,
    /// Whether a suppression needs a reason.
    #[serde(default)]
    pub require_reason: bool,
    /// Which files are linted.
    #[serde(default)]
    pub paths: Paths,
    /// Other levels for some files; the last entry that names a file and a rule decides.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// The only rules and groups that report; all of them if `None`. Chosen on the command line.
    #[serde(skip)]
    pub selected: Option<Vec<String>>,
}

/// Which files are linted, in addition to and without what their names say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Paths {
    /// Pipelines with other names, which a search of a folder finds too.
    pub include: Vec<PathPattern>,
    /// Files that are not linted. One that is named on the command line is, unless `--force-exclude` is given.
    pub exclude: Vec<PathPattern>,
}

/// Other levels for some files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The files.
    pub paths: Vec<PathPattern>,
    /// How seriously findings in them are taken.
    pub rules: BTreeMap<String, Level>,
}

/// A pattern of paths, written as in a `.gitignore`, relative to the folder of `keyless.yaml`: `services/legacy/`,
/// `*.pipelines.yml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(extend("format" = "gitignore-pattern")))]
#[serde(transparent)]
pub struct PathPattern(pub String);

/// How seriously the findings of a rule are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// They are not reported.
    Off,
    /// They are hints.
    Hint,
    /// They are warnings.
    Warning,
    /// They are errors.
    Error,
}

impl Level {
    /// All levels, from least to most serious.
    pub const ALL: [Self; 4] = [Self::Off, Self::Hint, Self::Warning, Self::Error];

    /// The name used in settings and on the command line.
    pub const fn name(self) -> &'static str {
        match self.severity() {
            Some(severity) => severity.name(),
            None => "off",
        }
    }

    /// The severity of the findings; `None` if they are not reported.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Hint => Some(Severity::Hint),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// Names of the variables that Bitbucket's settings define, by level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Variables {
    /// For every repository of the workspace.
    #[serde(default)]
    pub workspace: Vec<String>,
    /// For the repository.
    #[serde(default)]
    pub repository: Vec<String>,
    /// For the steps that deploy to an environment, by its name.
    #[serde(default)]
    pub environments: BTreeMap<String, Vec<String>>,
}

/// What the trust policies of the roles ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Role {
    /// They name deployment environments, so that a step without one is refused.
    pub environments: bool,
    /// They admit Atlassian's published addresses only (`aws:SourceIp`).
    pub atlassian_ip_ranges: bool,
    /// The file with the trust policy, which says both and more.
    pub trust_policy: Option<PathBuf>,
    /// The role, where that file holds several.
    pub name: Option<String>,
}

/// What is known of a deployment environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Environment {
    /// Its UUID.
    pub uuid: Option<Uuid>,
    /// The file with the trust policy of the role that its steps assume.
    pub trust_policy: Option<PathBuf>,
    /// The role, where that file holds several.
    pub role: Option<String>,
}

/// What the settings say about a variable in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<'s> {
    /// Nothing is declared, so it may be there.
    Perhaps,
    /// It is there.
    Defined,
    /// It is there for steps of these environments, and this step is of none of them.
    OtherEnvironments(Vec<&'s str>),
    /// It is not there.
    Missing,
}

impl Settings {
    /// Settings in which these variables are defined for every step; with none, nothing is declared.
    pub fn with_variables(names: Vec<String>) -> Self {
        let variables = Variables { repository: names, ..Variables::default() };
        Self { variables: (!variables.repository.is_empty()).then_some(variables), ..Self::default() }
    }

    /// How seriously the findings of a rule are taken; `None` if nothing is said about it. A rule's id says more than the
    /// name of its group.
    pub fn level(&self, rule: &str, group: &str) -> Option<Level> {
        let is_selected = |selected: &Vec<String>| selected.iter().any(|name| name == rule || name == group);
        if self.selected.as_ref().is_some_and(|selected| !is_selected(selected)) {
            return Some(Level::Off);
        }
        self.rules.get(rule).or_else(|| self.rules.get(group)).copied()
    }

    /// What is declared about a variable for a step of an environment.
    pub fn known(&self, name: &str, environment: Option<&str>) -> Known<'_> {
        let Some(variables) = &self.variables else { return Known::Perhaps };
        // The name of the environment is not in the file.
        let template = environment.is_some_and(has_template);
        let names = |names: &[String]| names.iter().any(|known| known == name);
        if names(&variables.workspace)
            || names(&variables.repository)
            || environment.and_then(|environment| variables.environments.get(environment)).is_some_and(|all| names(all))
        {
            return Known::Defined;
        }
        let elsewhere = variables.environments.iter().filter(|(_, all)| names(all)).map(|(name, _)| name.as_str());
        let elsewhere: Vec<_> = elsewhere.collect();
        match elsewhere.as_slice() {
            [] => Known::Missing,
            _ if template => Known::Perhaps,
            _ => Known::OtherEnvironments(elsewhere),
        }
    }
}
