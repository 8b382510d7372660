//! A plan together with what Bitbucket's settings have: which level's variable reaches which step, and where the new variables
//! belong.

use std::fmt;

use serde::Serialize;

use super::{Plan, key_variables, migrate, role_use::RoleReference, role_uses};
use crate::{
    analysis::{Analysis, ParsedFile},
    settings::{Known, Variables},
    text::Source,
};

/// A level of Bitbucket's settings. A variable of a deployment environment takes precedence over that of the repository, and that
/// over the workspace's (<https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "level", content = "environment")]
pub enum Place {
    /// The deployment environment of this name.
    Environment(String),
    /// The repository.
    Repository,
    /// The workspace.
    Workspace,
}

/// What Bitbucket's settings have of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The variables that hold keys, once for each level.
    pub keys: Vec<StoredKey>,
    /// The steps whose keys no level has that reaches them.
    pub absent: Vec<AbsentKeys>,
    /// The variables that the edited file needs for its roles.
    pub needed: Vec<NeededVariable>,
}

/// A variable with a key, at one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredKey {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The steps that get it, with their environments.
    pub used_by: Vec<String>,
    /// The steps that get the variable of the same name at another level.
    pub shadowed_for: Vec<Shadowed>,
}

/// A step that does not get a variable, because another level takes precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shadowed {
    /// The step, with its environment.
    pub step: String,
    /// The level that takes precedence.
    pub by: Place,
}

/// A step without its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AbsentKeys {
    /// The step, with its environment.
    pub step: String,
    /// The line of the use, from 1.
    pub line: usize,
    /// The variables.
    pub names: Vec<String>,
}

/// A variable that the edited file needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeededVariable {
    /// Its name.
    pub name: String,
    /// Where it belongs.
    pub place: Place,
    /// What it holds.
    pub purpose: Purpose,
    /// The level that has it for these steps already.
    pub defined_at: Option<Place>,
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Purpose {
    /// The ARN of a role: that of an environment, or of the steps without one.
    Role {
        /// The environment.
        environment: Option<String>,
    },
    /// The region of the deployment.
    Region,
    /// Something else.
    Other,
}

impl Place {
    /// The level of Bitbucket's settings whose variable a step of an environment gets.
    pub fn of(variables: &Variables, name: &str, environment: Option<&str>) -> Option<Self> {
        levels(variables, name).into_iter().find(|place| place.reaches(environment))
    }

    /// The deployment environment.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Environment(name) => Some(name),
            Self::Repository | Self::Workspace => None,
        }
    }

    /// Whether its variables are given to a step of an environment.
    pub fn reaches(&self, environment: Option<&str>) -> bool {
        match self {
            Self::Environment(own) => Some(own.as_str()) == environment,
            Self::Repository | Self::Workspace => true,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "deployment environment {name}"),
            Self::Repository => f.write_str("repository"),
            Self::Workspace => f.write_str("workspace"),
        }
    }
}

/// The levels that have a variable, in the order of precedence.
fn levels(variables: &Variables, name: &str) -> Vec<Place> {
    let has = |names: &[String]| names.iter().any(|known| known == name);
    let environments = variables.environments.iter().filter(|(_, names)| has(names));
    let mut found: Vec<Place> = environments.map(|(name, _)| Place::Environment(name.clone())).collect();
    found.extend(has(&variables.repository).then_some(Place::Repository));
    found.extend(has(&variables.workspace).then_some(Place::Workspace));
    found
}

/// Compares a plan with the variables in the settings of `file`, which have to be complete. With `all`, unsafe uses are edited too.
pub fn connect(file: &Analysis<'_>, plan: &Plan, all: bool) -> Connection {
    let nothing = Variables::default();
    let variables = file.settings.variables.as_ref().unwrap_or(&nothing);
    let mut connection = Connection::default();
    let mut names: Vec<String> = plan.uses.iter().flat_map(|key_use| key_use.keys.clone()).collect();
    names.extend(key_variables(file));
    names.sort();
    names.dedup();
    for name in &names {
        connection.keys.extend(levels(variables, name).into_iter().map(|place| {
            let (used_by, shadowed_for) = (Vec::new(), Vec::new());
            StoredKey { name: name.clone(), place, used_by, shadowed_for }
        }));
    }
    for key_use in &plan.uses {
        for step in &key_use.steps {
            let environments = step.environments.iter().map(|name| Some(name.as_str()));
            // A step that runs with and without an environment lists the environments alone.
            let environments: Vec<_> = if step.environments.is_empty() { vec![None] } else { environments.collect() };
            for environment in environments {
                let step = environment.map_or_else(|| step.name.clone(), |name| format!("{} ({name})", step.name));
                reach(&mut connection, variables, (&step, key_use.line), &key_use.keys, environment);
            }
        }
    }
    needs(&mut connection, file, plan, all, variables);
    connection
}

/// Adds which variables a step gets.
fn reach(
    connection: &mut Connection,
    variables: &Variables,
    (step, line): (&str, usize),
    keys: &[String],
    environment: Option<&str>,
) {
    let mut absent = Vec::new();
    for name in keys {
        let winner = Place::of(variables, name, environment);
        for key in connection.keys.iter_mut().filter(|key| key.name == *name && key.place.reaches(environment)) {
            match &winner {
                Some(winner) if key.place == *winner => add(&mut key.used_by, step.to_owned()),
                Some(winner) => add(&mut key.shadowed_for, Shadowed { step: step.to_owned(), by: winner.clone() }),
                None => {}
            }
        }
        if winner.is_none() {
            absent.push(name.clone());
        }
    }
    if !absent.is_empty() {
        add(&mut connection.absent, AbsentKeys { step: step.to_owned(), line, names: absent });
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, item: T) {
    if !all.contains(&item) {
        all.push(item);
    }
}

/// Adds what the edited file needs. A role belongs to one environment, or to the steps of one repository without an environment,
/// so its variable does too, also where the keys are shared at a higher level.
fn needs(connection: &mut Connection, file: &Analysis<'_>, plan: &Plan, all: bool, variables: &Variables) {
    let text = migrate(file.source.text(), plan, all);
    let source = Source::new(file.source.name(), &text);
    let parsed = ParsedFile::new(&source);
    let after = Analysis::new(&parsed, file.settings);
    for role_use in role_uses(&after) {
        let RoleReference::Variable(name) = role_use.role else { continue };
        let environment = role_use.environment;
        let place = environment.clone().map_or(Place::Repository, Place::Environment);
        let defined_at = Place::of(variables, &name, environment.as_deref());
        let purpose = Purpose::Role { environment };
        add(&mut connection.needed, NeededVariable { name, place, purpose, defined_at });
    }
    for variable in &plan.create {
        if connection.needed.iter().any(|known| known.name == variable.name) {
            continue;
        }
        let defined = file.settings.known(&variable.name, None) == Known::Defined;
        let is_region = matches!(variable.name.as_str(), "AWS_REGION" | "AWS_DEFAULT_REGION");
        let purpose = if is_region { Purpose::Region } else { Purpose::Other };
        let defined_at = if defined { Place::of(variables, &variable.name, None) } else { None };
        connection.needed.push(NeededVariable {
            name: variable.name.clone(),
            place: Place::Repository,
            purpose,
            defined_at,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        migrate::{Class, Options, plan},
        settings::Settings,
    };

    const FILE: &str = "\
pipelines:
  branches:
    main:
      - step:
          name: Test
          script: [aws s3 ls]
      - step:
          name: Upload
          deployment: production
          script: [aws s3 sync dist s3://bucket]
      - step:
          name: Rehearse
          deployment: staging
          script: [aws s3 sync dist s3://bucket]
";
    const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

    fn settings(workspace: &[&str], repository: &[&str], environments: &[(&str, &[&str])]) -> Settings {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let environments = environments.iter().map(|(name, own)| ((*name).to_owned(), names(own))).collect();
        let (workspace, repository) = (names(workspace), names(repository));
        Settings { variables: Some(Variables { workspace, repository, environments }), ..Settings::default() }
    }

    fn connected(settings: &Settings) -> (Plan, Connection) {
        let source = Source::new("bitbucket-pipelines.yml", FILE);
        let parsed = ParsedFile::new(&source);
        let file = Analysis::new(&parsed, settings);
        let plan = plan(&file, &Options::default()).unwrap();
        let connection = connect(&file, &plan, true);
        (plan, connection)
    }

    #[test]
    fn the_nearest_level_reaches_a_step() {
        let (plan, connection) =
            connected(&settings(&KEYS, &["AWS_ROLE_ARN"], &[("production", &KEYS), ("staging", &[])]));
        assert!(plan.uses.iter().all(|key_use| key_use.class == Class::Safe), "{plan:#?}");
        let ids: Vec<_> = connection.keys.iter().filter(|key| key.name == KEYS[0]).collect();
        assert_eq!(ids[0].place, Place::Environment("production".to_owned()));
        assert_eq!(ids[0].used_by, ["Upload (production)"]);
        assert_eq!(ids[1].place, Place::Workspace);
        assert_eq!(ids[1].used_by, ["Test", "Rehearse (staging)"]);
        assert_eq!(
            ids[1].shadowed_for,
            [Shadowed { step: "Upload (production)".to_owned(), by: ids[0].place.clone() }]
        );
        assert!(connection.absent.is_empty());
        let needed: Vec<_> = connection
            .needed
            .iter()
            .map(|it| (it.name.as_str(), it.place.to_string(), it.defined_at.is_some()))
            .collect();
        let expected = [
            ("AWS_ROLE_ARN", "repository".to_owned(), true),
            ("AWS_ROLE_ARN", "deployment environment production".to_owned(), true),
            ("AWS_ROLE_ARN", "deployment environment staging".to_owned(), true),
        ];
        assert_eq!(needed, expected);
    }

    #[test]
    fn keys_that_are_nowhere_are_named() {
        let (plan, connection) = connected(&settings(&[], &[], &[("production", &KEYS), ("staging", &KEYS[..1])]));
        let classes: Vec<_> = plan.uses.iter().map(|key_use| key_use.class).collect();
        assert_eq!(classes, [Class::Unsafe, Class::Safe, Class::Unsafe], "{plan:#?}");
        let absent: Vec<_> = connection.absent.iter().map(|it| (it.step.as_str(), it.names.len())).collect();
        assert_eq!(absent, [("Test", 2), ("Rehearse (staging)", 1)]);
        let text = plan.to_connected_text(&connection);
        assert!(text.contains("line 6: Test needs AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"), "{text}");
        assert!(text.contains("delete AWS_ACCESS_KEY_ID (deployment environment production)"), "{text}");
    }

    #[test]
    fn a_file_without_uses_still_tells_of_keys_that_are_left() {
        let source = Source::new("bitbucket-pipelines.yml", "pipelines: {default: [{step: {script: [make]}}]}\n");
        let parsed = ParsedFile::new(&source);
        let settings = settings(&[], &KEYS, &[]);
        let file = Analysis::new(&parsed, &settings);
        let plan = plan(&file, &Options::default()).unwrap();
        let text = plan.to_connected_text(&connect(&file, &plan, true));
        assert!(text.contains("AWS_ACCESS_KEY_ID (repository): used by no step of this file"), "{text}");
        assert!(
            plan.to_connected_markdown(&connect(&file, &plan, true)).contains("- `AWS_ACCESS_KEY_ID` (repository)")
        );
    }
}
