//! `keyless.yaml`: what a team declares about the world outside the pipeline file.

use std::{
    collections::HashMap,
    fs,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use keyless_core::{
    settings::{Settings, Variables},
    text::Source,
    yaml::{self, Limits},
};

use crate::{
    failure::Failure,
    folder,
    inputs::Input,
    levels::{self, Levels},
};

/// The name under which settings are found.
const SETTINGS_FILE: &str = "keyless.yaml";

/// Where settings come from.
#[derive(Debug, Default, Args)]
pub(crate) struct Declared {
    /// What Bitbucket's settings define [default: keyless.yaml next to the pipeline or above it in the
    /// repository]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Names of variables that the workspace, the repository or every deployment environment defines
    #[arg(long = "variable", visible_alias = "variables", value_name = "NAME,...", value_delimiter = ',')]
    variables: Vec<String>,
    #[command(flatten)]
    levels: Levels,
}

impl Declared {
    /// What holds for trust policies: no variables.
    pub(crate) fn of_policies(settings: Option<PathBuf>, levels: Levels) -> Self {
        Self { settings, variables: Vec::new(), levels }
    }

    /// The inputs with the settings that hold for each. Those whose settings cannot be read are left out, and `failures`
    /// says why, once a file.
    pub(crate) fn find(&self, inputs: Vec<Input>, failures: &mut Vec<Failure>) -> Vec<(Input, Arc<Settings>)> {
        let mut by_file: HashMap<Option<PathBuf>, Option<Arc<Settings>>> = HashMap::new();
        let mut settings_of = |input: &Input| {
            let file = self.settings.clone().or_else(|| file_for(input));
            let read = |file: &Option<PathBuf>| match self.read(file.as_deref()) {
                Ok(settings) => Some(Arc::new(settings)),
                Err(failure) => {
                    failures.push(failure);
                    None
                }
            };
            by_file.entry(file).or_insert_with_key(read).clone()
        };
        inputs.into_iter().filter_map(|input| settings_of(&input).map(|settings| (input, settings))).collect()
    }

    /// The settings of a file, or those without one, with the variables of the command line added.
    fn read(&self, file: Option<&Path>) -> Result<Settings, Failure> {
        let mut settings = file.map(parse).transpose()?.unwrap_or_default();
        if !self.variables.is_empty() {
            let variables = settings.variables.get_or_insert_with(Variables::default);
            variables.repository.extend(self.variables.iter().cloned());
        }
        self.levels.apply(&mut settings);
        Ok(settings)
    }
}

/// The settings next to a pipeline or above it in its repository, under the name that a user knows the file by. Standard
/// input lies in the current folder.
fn file_for(input: &Input) -> Option<PathBuf> {
    let path = input.path();
    let folder = path.as_deref().and_then(Path::parent).filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let found = folder::above(&fs::canonicalize(folder).ok()?, SETTINGS_FILE)?;
    Some(folder.join(found).components().fold(PathBuf::new(), shorten))
}

/// `services/api/../keyless.yaml` is called `services/keyless.yaml`.
fn shorten(mut path: PathBuf, part: Component<'_>) -> PathBuf {
    match part {
        Component::CurDir => {}
        Component::ParentDir if path.file_name().is_some() => {
            path.pop();
        }
        _ => path.push(part),
    }
    path
}

/// Paths in the settings are relative to their folder.
fn parse(path: &Path) -> Result<Settings, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::Unreadable { path: path.to_owned(), error })?;
    // A file of nothing but comments declares nothing.
    let settings: Result<Option<Settings>, _> = serde_yaml::from_str(&text);
    let settings = settings.map_err(|error| Failure::Settings { path: path.to_owned(), error })?;
    let mut settings = settings.unwrap_or_default();
    check_rules(path, &text)?;
    let environments = settings.environments.values_mut().map(|environment| &mut environment.trust_policy);
    for policy in environments.chain([&mut settings.role.trust_policy]).flatten() {
        *policy = path.with_file_name(&*policy);
    }
    Ok(settings)
}

/// Whether every rule and group under `rules` exists.
fn check_rules(path: &Path, text: &str) -> Result<(), Failure> {
    let (tree, _) = yaml::parse(text, Limits::default());
    let top = tree.root().map(|root| tree.fields(root)).unwrap_or_default();
    let rules = top.iter().find(|field| tree.text(field.key) == Some("rules"));
    for field in rules.map(|rules| tree.fields(rules.value)).unwrap_or_default() {
        let Err(reason) = levels::check(tree.text(field.key).unwrap_or_default()) else { continue };
        let position = Source::new("", text).position(tree.span(field.key).start);
        let (path, reason) = (path.to_owned(), Box::new(reason));
        return Err(Failure::InvalidEntry { path, line: position.line, column: position.column, reason });
    }
    Ok(())
}
