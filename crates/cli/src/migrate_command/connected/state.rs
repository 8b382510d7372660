//! `.keyless/migration.json`: a record of what a migration changed, for people and for the rollback. It has no secrets, and
//! nothing depends on it: what is done is looked up in Bitbucket, in AWS and in the work tree.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// The version of the file's format.
const VERSION: u32 = 1;
/// The folder, next to the pipeline file.
const FOLDER: &str = ".keyless";
const FILE: &str = "migration.json";

/// What a migration did so far.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct State {
    version: u32,
    /// `WORKSPACE/NAME`.
    pub(super) repository: String,
    pub(super) repository_uuid: String,
    pub(super) workspace_uuid: String,
    /// The UUIDs of the deployment environments, by their names.
    pub(super) environments: BTreeMap<String, String>,
    /// The ARNs of the roles: by deployment environment, and under an empty name that of the other steps.
    pub(super) roles: BTreeMap<String, String>,
    /// The branch with the edited pipeline file.
    pub(super) branch: Option<String>,
    /// The changes that were begun, by their ids: the commands that undo each, where they were known before.
    pub(super) changes: BTreeMap<String, Vec<String>>,
    /// When access keys were deactivated, in seconds since 1970, by their ids.
    #[serde(default)]
    pub(super) deactivated: BTreeMap<String, u64>,
    #[serde(skip)]
    folder: PathBuf,
}

impl State {
    /// The record next to a pipeline file. Without one, or with one that cannot be used, an empty record; for the latter
    /// also why.
    pub(super) fn read(pipeline: &Path) -> (Self, Option<String>) {
        let folder = pipeline.parent().unwrap_or(Path::new("")).join(FOLDER);
        let path = folder.join(FILE);
        let (state, problem) = match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice::<Self>(&bytes) {
                Ok(state) if state.version == VERSION => (state, None),
                Ok(state) => (Self::default(), Some(format!("it has version {} of its format", state.version))),
                Err(error) => (Self::default(), Some(error.to_string())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Self::default(), None),
            Err(error) => (Self::default(), Some(error.to_string())),
        };
        let problem = problem.map(|why| {
            format!(
                "`{}` is not used: {why}; what is done is looked up in Bitbucket and AWS, but no rollback is known for it",
                path.display()
            )
        });
        (Self { version: VERSION, folder, ..state }, problem)
    }

    /// Records that a change is about to be made, and what undoes it if that is known already. What a first attempt recorded
    /// stays: it knows what was there before.
    pub(super) fn begin(&mut self, change: &str, rollback: Vec<String>) -> Result<(), Failure> {
        self.changes.entry(change.to_owned()).or_insert(rollback);
        self.write()
    }

    /// Writes the record. The file is whole at every moment, and Git ignores it.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let path = self.folder.join(FILE);
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let ignore = self.folder.join(".gitignore");
            if !ignore.exists() {
                fs::write(ignore, "*\n")?;
            }
            let mut file = NamedTempFile::new_in(&self.folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            writeln!(file)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| Failure::Unfixable { path: path.clone(), error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_and_a_broken_one_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = folder.path().join("bitbucket-pipelines.yml");
        let (mut state, problem) = State::read(&pipeline);
        assert!(problem.is_none() && state.changes.is_empty());
        state.begin("variable production AWS_ROLE_ARN", Vec::new()).unwrap();
        state.begin("variable production AWS_ROLE_ARN", vec!["undo".to_owned()]).unwrap();
        let (state, problem) = State::read(&pipeline);
        assert!(problem.is_none() && state.changes["variable production AWS_ROLE_ARN"].is_empty());
        assert_eq!(fs::read_to_string(folder.path().join(".keyless/.gitignore")).unwrap(), "*\n");
        for (text, why) in [("{", "EOF"), ("{\"version\": 1}", "missing field"), ("[]", "invalid")] {
            fs::write(folder.path().join(".keyless/migration.json"), text).unwrap();
            let (state, problem) = State::read(&pipeline);
            assert!(state.changes.is_empty() && problem.unwrap().contains(why), "{text}");
        }
        let other = serde_json::to_string(&State { version: 2, ..State::default() }).unwrap();
        fs::write(folder.path().join(".keyless/migration.json"), other).unwrap();
        assert!(State::read(&pipeline).1.unwrap().contains("version 2"));
    }
}
