//! A migration with Bitbucket and AWS: the plan with what the settings have, the stages, the end of the keys, and the report.

mod access_keys;
pub(super) mod apply;
mod branch;
mod commit;
mod context;
mod elsewhere;
mod key_id;
mod remote;
pub(super) mod retire;
mod retire_options;
mod role_options;
mod roles;
pub(super) mod security_report;
mod stage;
mod state;
mod target;
mod variables;
mod verify;

use std::path::Path;

use keyless_aws::Environment;
use keyless_bitbucket::RepositorySlugs;
use keyless_core::{analysis::ParsedFile, settings::Settings};

use crate::{failure::Failure, streams::Streams};

/// What Bitbucket has of the repository, for a plan.
pub(super) struct Connected {
    slugs: RepositorySlugs,
    found: remote::RepositorySettings,
}

impl Connected {
    /// Reads it. The repository is the one that is given, that of the step, or that of the clone that `folder` is in.
    pub(super) fn open(
        repository: Option<&RepositorySlugs>,
        folder: &Path,
        streams: &mut Streams<'_>,
    ) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let network = context::network(&environment)?;
        let remote = remote::Remote::open(&environment, &network, repository, folder)?;
        let found = remote.read(streams)?;
        if let Some(reason) = &found.unread {
            streams.note(&[format!("the workspace's variables were not read: {reason}")]);
        }
        Ok(Self { slugs: remote.slugs, found })
    }

    /// What is known of a file's surroundings: `declared`, and what Bitbucket has.
    pub(super) fn settings(&self, declared: &Settings, parsed: &ParsedFile<'_>) -> Settings {
        self.found.apply(&self.slugs, declared, &context::environments(parsed))
    }
}
