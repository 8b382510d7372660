//! What a stage of the migration finds in the real systems, and what it would change.
//!
//! A stage is a function that looks: at Bitbucket, at AWS, at the work tree. What it returns says what is there, what is
//! missing and how to add it, and what prevents it. Nothing is remembered from an earlier run, so a stage that was interrupted
//! goes on where it stopped.

use clap::ValueEnum;

use super::context::Context;
use crate::failure::Failure;

/// The stages, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum StageName {
    /// Create the identity provider and the roles in AWS
    Roles,
    /// Create the role variables in Bitbucket
    Variables,
    /// Check that the roles accept the tokens of the steps
    Verify,
    /// Commit the edited pipeline file to a branch
    Branch,
    /// Deactivate the keys
    #[value(skip)]
    Deactivate,
    /// Delete the keys and their variables
    #[value(skip)]
    Delete,
}

impl StageName {
    /// The name on the command line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Variables => "variables",
            Self::Verify => "verify",
            Self::Branch => "branch",
            Self::Deactivate => "deactivate",
            Self::Delete => "delete",
        }
    }
}

/// A stage.
pub(super) struct Stage {
    pub(super) name: StageName,
    /// The heading of its report.
    pub(super) title: &'static str,
    /// Stages without which it would find nothing but their changes missing.
    pub(super) waits_for: &'static [StageName],
    /// Looks at the real systems.
    pub(super) look: fn(&mut Context<'_, '_>) -> Result<Look, Failure>,
}

/// What a stage finds.
#[derive(Default)]
pub(super) struct Look {
    /// What is as it should be.
    pub(super) present: Vec<Present>,
    /// What is missing, in the order in which it is added.
    pub(super) changes: Vec<Change>,
    /// What prevents the stage; then nothing of it is changed.
    pub(super) obstacles: Vec<Obstacle>,
    /// What to know, without a consequence.
    pub(super) notes: Vec<String>,
}

/// Something that is as it should be.
pub(super) struct Present {
    /// The id of the change that adds it.
    pub(super) id: String,
    /// What it is, for people.
    pub(super) what: String,
    /// The commands that remove it. They are printed if the state file says that a migration added it.
    pub(super) rollback: Vec<String>,
}

/// Makes a change.
pub(super) type Make = Box<dyn FnOnce(&mut Context<'_, '_>) -> Result<(), Failure>>;

/// Something to add.
pub(super) struct Change {
    /// Names the change in the state file, in every run the same: `variable production AWS_ROLE_ARN`.
    pub(super) id: String,
    /// An imperative sentence: "create variable `AWS_ROLE_ARN` in deployment environment production".
    pub(super) what: String,
    /// The commands that undo it, where what is there after it does not tell.
    pub(super) rollback: Vec<String>,
    /// Makes it.
    pub(super) make: Make,
}

/// Something that prevents a stage.
pub(super) struct Obstacle {
    /// What is wrong.
    pub(super) what: String,
    /// What to do.
    pub(super) help: String,
}

impl Look {
    /// Adds what is as it should be.
    pub(super) fn present(&mut self, id: impl Into<String>, what: impl Into<String>, rollback: Vec<String>) {
        self.present.push(Present { id: id.into(), what: what.into(), rollback });
    }

    /// Adds what is missing.
    pub(super) fn change(&mut self, id: impl Into<String>, what: impl Into<String>, make: Make) {
        self.changes.push(Change { id: id.into(), what: what.into(), rollback: Vec::new(), make });
    }

    /// Adds what to know, once.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Adds what prevents the stage.
    pub(super) fn obstacle(&mut self, what: impl Into<String>, help: impl Into<String>) {
        self.obstacles.push(Obstacle { what: what.into(), help: help.into() });
    }
}
