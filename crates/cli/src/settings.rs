//! `keyless.yaml`: what a team declares about the world outside the pipeline file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use keyless_core::lint::{Settings, Variables};

use crate::{failure::Failure, folder};

/// The name under which settings are found.
const SETTINGS_FILE: &str = "keyless.yaml";

/// Where settings come from.
#[derive(Debug, Default, Args)]
pub(crate) struct Declared {
    /// What Bitbucket's settings define [default: keyless.yaml, here or above in the repository]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Names of variables that the workspace, the repository or every deployment environment defines
    #[arg(long = "variable", visible_alias = "variables", value_name = "NAME,...", value_delimiter = ',')]
    variables: Vec<String>,
}

impl Declared {
    /// The settings that were asked for, or those that lie near, with the variables of the command line added.
    pub(crate) fn read(&self) -> Result<Settings, Failure> {
        let path = match &self.settings {
            Some(path) => Some(path.clone()),
            None => std::env::current_dir().ok().and_then(|here| folder::above(&here, SETTINGS_FILE)),
        };
        let mut settings = match path {
            Some(path) => parse(&path)?,
            None => Settings::default(),
        };
        if !self.variables.is_empty() {
            let variables = settings.variables.get_or_insert_with(Variables::default);
            variables.repository.extend(self.variables.iter().cloned());
        }
        Ok(settings)
    }
}

fn parse(path: &Path) -> Result<Settings, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::Unreadable { path: path.to_owned(), error })?;
    // A file of nothing but comments declares nothing.
    let settings: Result<Option<Settings>, _> = serde_yaml::from_str(&text);
    settings.map(Option::unwrap_or_default).map_err(|error| Failure::Settings { path: path.to_owned(), error })
}
