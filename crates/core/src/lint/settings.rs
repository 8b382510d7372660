//! What a team declares about the world outside the file: `keyless.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

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
///   environments: true
///   atlassian-ip-ranges: true
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The variables that Bitbucket's settings define. Without them nothing is known about any, and an absent one is
    /// no more than a hint.
    #[serde(default)]
    pub variables: Option<Variables>,
    /// What the trust policies of the roles ask for.
    #[serde(default)]
    pub role: Role,
}

/// Names of the variables that Bitbucket's settings define, by level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Role {
    /// They name deployment environments, so that a step without one is refused.
    pub environments: bool,
    /// They admit Atlassian's published addresses only (`aws:SourceIp`).
    pub atlassian_ip_ranges: bool,
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

    /// What is declared about a variable for a step of an environment.
    pub fn known(&self, name: &str, environment: Option<&str>) -> Known<'_> {
        let Some(variables) = &self.variables else { return Known::Perhaps };
        let names = |names: &[String]| names.iter().any(|known| known == name);
        if names(&variables.workspace)
            || names(&variables.repository)
            || environment.and_then(|environment| variables.environments.get(environment)).is_some_and(|all| names(all))
        {
            return Known::Defined;
        }
        let elsewhere = variables.environments.iter().filter(|(_, all)| names(all)).map(|(name, _)| name.as_str());
        let elsewhere: Vec<_> = elsewhere.collect();
        if elsewhere.is_empty() { Known::Missing } else { Known::OtherEnvironments(elsewhere) }
    }
}
