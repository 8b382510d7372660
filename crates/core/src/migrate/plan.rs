//! What a plan says: the uses of stored keys with their edits, and what has to exist before and after.

use serde::Serialize;

use crate::{
    diagnostic::Edit,
    requirements::VariableRequirement,
    text::{Position, Span},
};

/// How scripts get a session of the role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum With {
    /// The SDKs exchange the token in a file outside the clone.
    #[default]
    TokenFile,
    /// `keyless exec` runs the commands that call AWS.
    Exec,
    /// keyless's own pipe runs `cdk deploy`; other commands use the token file.
    Pipe,
}

impl With {
    /// All ways, the default first.
    pub const ALL: [Self; 3] = [Self::TokenFile, Self::Exec, Self::Pipe];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenFile => "token-file",
            Self::Exec => "exec",
            Self::Pipe => "pipe",
        }
    }
}

/// What a plan is made for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How scripts get a session.
    pub with: With,
    /// The image of keyless's own pipe, for [`With::Pipe`].
    pub pipe: Option<String>,
}

/// Whether the edits of a use can be made unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigrationClass"))]
pub enum Class {
    /// The meaning stays, once the role and its variable exist.
    Safe,
    /// Probably right; someone should look at it.
    Unsafe,
    /// Not possible in the pipeline file alone.
    Manual,
}

impl Class {
    /// All classes, the easiest first.
    pub const ALL: [Self; 3] = [Self::Safe, Self::Unsafe, Self::Manual];

    /// The name for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Manual => "manual",
        }
    }
}

/// How a key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "KeyForm"))]
pub enum Form {
    /// Variables of a pipe.
    Pipe,
    /// A pipe that takes the keys from Bitbucket's settings.
    PipeDefaults,
    /// A pipe that is not known to take a role.
    OtherPipe,
    /// The environment, where AWS tools find the keys of Bitbucket's settings.
    Environment,
    /// `export AWS_ACCESS_KEY_ID=…`
    Export,
    /// `aws configure set` for the default profile.
    Configure,
    /// `aws configure set` for another profile.
    Profile,
    /// `serverless config credentials`
    Serverless,
    /// `~/.aws/credentials`
    CredentialsFile,
    /// A shell file that one step writes and another one reads.
    ShellFile,
    /// A private image.
    Image,
    /// The storage of a self-hosted runner.
    Storage,
    /// `docker run -e` or `docker build --build-arg`
    Docker,
    /// Arguments and variables of Terraform.
    Terraform,
    /// Passed to something else.
    Passed,
}

impl Form {
    /// What uses the key, for reports.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Pipe => "variables of a pipe",
            Self::PipeDefaults => "a pipe that takes the keys from Bitbucket's settings",
            Self::OtherPipe => "a pipe that is not known to take a role",
            Self::Environment => "commands that take the keys from Bitbucket's settings",
            Self::Export => "exported variables",
            Self::Configure => "`aws configure set`",
            Self::Profile => "`aws configure set` for a profile",
            Self::Serverless => "`serverless config credentials`",
            Self::CredentialsFile => "the AWS credentials file",
            Self::ShellFile => "a shell file for other steps",
            Self::Image => "a private image",
            Self::Storage => "the storage of a self-hosted runner",
            Self::Docker => "a container",
            Self::Terraform => "arguments or variables of Terraform",
            Self::Passed => "a key that is passed on",
        }
    }
}

/// A step that uses a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigratedStep"))]
pub struct UsingStep {
    /// Its name, or `line N` for a step without one.
    pub name: String,
    /// The line where it starts, from 1.
    pub line: usize,
    /// The deployment environments that it runs in.
    pub environments: Vec<String>,
}

/// A use of a stored key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct KeyUse {
    /// The steps that share it.
    pub steps: Vec<UsingStep>,
    /// What uses it.
    pub form: Form,
    /// The line, from 1.
    pub line: usize,
    /// Where it starts, in bytes.
    pub offset: usize,
    /// How long it is, in bytes.
    pub length: usize,
    /// The variables that hold the key and its secret; empty if the key itself is in the file.
    pub keys: Vec<String>,
    /// Whether its edits can be made unseen.
    pub class: Class,
    /// Why it has this class.
    pub reason: String,
    /// Where, for editors.
    #[serde(skip)]
    pub span: Span,
    /// What replaces it, in the order of the text; empty for a manual use.
    #[serde(skip)]
    pub edits: Vec<Edit>,
    /// The same for reports.
    #[serde(rename = "edits")]
    pub(super) changes: Vec<MigrationEdit>,
}

/// An edit in a report. Offsets and lengths count bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MigrationEdit {
    /// Where it starts.
    pub offset: usize,
    /// How much it replaces.
    pub length: usize,
    /// The new text.
    pub replacement: String,
}

/// Something to look at that is not edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigrationNote"))]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// What to look at.
    pub message: String,
}

/// What has to be done to use roles instead of stored keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "MigrationPlan"))]
pub struct Plan {
    /// The uses of stored keys, in file order.
    pub uses: Vec<KeyUse>,
    /// What is not edited.
    pub notes: Vec<Note>,
    /// Variables that the edited file needs in Bitbucket, and the file did not.
    pub create: Vec<VariableRequirement>,
    /// Variables that nothing in the edited file needs.
    pub delete: Vec<VariableRequirement>,
    /// The deployment environments whose steps need a role; `None` stands for steps without one.
    pub roles: Vec<Option<String>>,
}

/// Why a file is not migrated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not valid YAML.
    #[error("line {}, column {}: the file has a YAML error; `keyless lint` explains it", .0.line, .0.column)]
    Yaml(Position),
}

impl MigrationEdit {
    /// The form of an edit in reports.
    pub fn of(edit: &Edit) -> Self {
        Self { offset: edit.span.start, length: edit.span.len(), replacement: edit.replacement.clone() }
    }
}
