//! Why a run, or a part of it, could not be made.

use std::{fmt, io, path::PathBuf};

use keyless_core::{ip_ranges::AddressError, oidc::TokenError, setup::SetupError, text::NotUtf8};

/// What stands between the command and a report.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No path was given and no pipeline file lies here or above.
    NoPipelineFile,
    /// A folder holds no file that could be a pipeline.
    EmptyFolder(PathBuf),
    /// A repository has YAML files, none of which Bitbucket would read.
    NoPipelineInRepository(PathBuf),
    /// A file or folder could not be read.
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file has more bytes than a pipeline file can need.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A fixed file could not be written.
    Unfixable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file to read requirements from is no text.
    NotText {
        /// The file.
        path: PathBuf,
        /// Where it is not.
        error: NotUtf8,
    },
    /// The settings cannot be understood.
    Settings {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: serde_yaml::Error,
    },
    /// Standard input was to be fixed in its place.
    FixOfStandardInput,
    /// No rule has this name.
    UnknownRule {
        /// What was asked for.
        id: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// The report could not be written.
    Unwritable(io::Error),
    /// A file holds no policy that could be asked.
    UnusablePolicy {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A pipeline file has no step that could be asked about.
    UnusableStep {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A text is no token.
    Token(TokenError),
    /// A token is of another issuer than Bitbucket.
    OtherToken(String),
    /// A file holds no claims.
    Claims(PathBuf),
    /// A file holds no keys.
    Keys {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: serde_json::Error,
    },
    /// An argument of the form `KEY=VALUE` has no `=`.
    KeyWithoutValue(String),
    /// An environment belongs to no repository that was named.
    EnvironmentWithoutRepository(String),
    /// A URL could not be fetched.
    Download {
        /// The URL.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A list of addresses cannot be used.
    Addresses {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: AddressError,
    },
    /// The command that looks at an account could not be started.
    NoDoctor(io::Error),
    /// What was asked for cannot be set up.
    Setup(SetupError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPipelineFile => f.write_str(
                "no bitbucket-pipelines.yml in this folder or above it in the repository; \
                 name a file or a folder, or `-` for standard input",
            ),
            Self::EmptyFolder(path) => {
                write!(f, "no bitbucket-pipelines.yml and no other YAML file below {}", shown(path))
            }
            Self::NoPipelineInRepository(path) => write!(
                f,
                "no bitbucket-pipelines.yml in the repository {}; name the file if it is called otherwise",
                shown(path)
            ),
            Self::Unreadable { path, error } => write!(f, "cannot read {}: {}", shown(path), reason(error)),
            Self::TooLarge { path, limit } => {
                write!(f, "cannot read {}: more than {} MiB, no pipeline file is that large", shown(path), limit >> 20)
            }
            Self::Unfixable { path, error } => write!(f, "cannot write the fixed {}: {}", shown(path), reason(error)),
            Self::NotText { path, error } => write!(f, "cannot read {}: {error}", shown(path)),
            Self::Settings { path, error } => write!(f, "cannot use the settings of {}: {error}", shown(path)),
            Self::FixOfStandardInput => {
                f.write_str("--fix changes files, and standard input is none; --diff prints what it would change")
            }
            Self::UnknownRule { id, nearest: Some(nearest) } => {
                write!(f, "no rule is called `{id}`; did you mean `{nearest}`?")
            }
            Self::UnknownRule { id, nearest: None } => {
                write!(f, "no rule is called `{id}`; `keyless rules` lists all")
            }
            Self::Unwritable(error) => write!(f, "cannot write the report: {}", reason(error)),
            Self::UnusablePolicy { path, reason } => write!(f, "cannot ask {}: {reason}", shown(path)),
            Self::UnusableStep { path, reason } => write!(f, "no step to ask about in {}: {reason}", shown(path)),
            Self::Token(error) => write!(f, "no token to read: {error}"),
            Self::OtherToken(issuer) => {
                write!(f, "the token names no workspace of Bitbucket with its UUID; its issuer is `{issuer}`")
            }
            Self::Claims(path) => {
                write!(f, "{} is no JSON object with the claims of a token; `iss` at least is needed", shown(path))
            }
            Self::Keys { path, error } => {
                write!(f, "{} is no JSON Web Key Set, as an issuer publishes it under keys.json: {error}", shown(path))
            }
            Self::KeyWithoutValue(text) => write!(f, "`{text}` has no `=` with a value behind it"),
            Self::EnvironmentWithoutRepository(text) => {
                write!(f, "`{text}` does not begin with the name of a repository that --repository names, and a `/`")
            }
            Self::Download { url, reason } => {
                write!(f, "cannot fetch `{url}`: {reason}; download it yourself and name the file")
            }
            Self::NoDoctor(error) => write!(
                f,
                "`keyless-aws`, which has the calls to AWS, could not be started: {}; install it from a checkout of keyless: \
                 cargo install --path pipe --bin keyless-aws",
                reason(error)
            ),
            Self::Addresses { path, error } => write!(f, "cannot use the addresses of {}: {error}", shown(path)),
            Self::Setup(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { error, .. }
            | Self::Unfixable { error, .. }
            | Self::Unwritable(error)
            | Self::NoDoctor(error) => Some(error),
            Self::NoPipelineFile
            | Self::EmptyFolder(_)
            | Self::NoPipelineInRepository(_)
            | Self::TooLarge { .. }
            | Self::FixOfStandardInput
            | Self::UnknownRule { .. }
            | Self::UnusablePolicy { .. }
            | Self::UnusableStep { .. }
            | Self::OtherToken(_)
            | Self::Claims(_)
            | Self::KeyWithoutValue(_)
            | Self::Download { .. }
            | Self::EnvironmentWithoutRepository(_) => None,
            Self::NotText { error, .. } => Some(error),
            Self::Settings { error, .. } => Some(error),
            Self::Keys { error, .. } => Some(error),
            Self::Token(error) => Some(error),
            Self::Addresses { error, .. } => Some(error),
            Self::Setup(error) => Some(error),
        }
    }
}

fn shown(path: &std::path::Path) -> String {
    format!("`{}`", path.display())
}

/// The system's words where they are plain, ours where they are not.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "no space left".to_owned(),
        io::ErrorKind::InvalidData => "not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}
