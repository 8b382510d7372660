//! Errors of the command.

use std::{io, path::PathBuf};

#[cfg(feature = "cloud")]
use keyless_core::spelling;
use keyless_core::{ip_ranges::AddressError, migrate::Refusal, oidc::TokenError, setup::SetupError, text::NotUtf8};

/// Why a command, or a part of it, could not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No path was given, and neither this folder nor one above it has a pipeline file.
    #[error(
        "no bitbucket-pipelines.yml in this folder or above it in the repository; name a file or a folder, or use `-` for \
         standard input"
    )]
    NoPipelineFile,
    /// A folder has no file that could be a pipeline.
    #[error("no bitbucket-pipelines.yml or other YAML file in {}", shown(.0))]
    EmptyFolder(PathBuf),
    /// A repository has YAML files, none of which Bitbucket would read.
    #[error("no bitbucket-pipelines.yml in the repository {}; name the file if it has another name", shown(.0))]
    NoPipelineInRepository(PathBuf),
    /// A file or folder could not be read.
    #[error("cannot read {}: {}", shown(path), reason(error))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// A part of a folder could not be searched.
    #[error("cannot search {}: {error}", shown(folder))]
    Unsearchable {
        /// The folder.
        folder: PathBuf,
        /// Why not, and where.
        #[source]
        error: ignore::Error,
    },
    /// A file has more bytes than a pipeline file can need.
    #[error("cannot read {}: the file is larger than {} MiB", shown(path), limit >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A fixed file could not be written.
    #[error("cannot write {}: {}", shown(path), reason(error))]
    Unfixable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// A file is not UTF-8.
    #[error("cannot read {}: {error}", shown(path))]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first invalid byte.
        #[source]
        error: NotUtf8,
    },
    /// The settings are invalid: the errors as text, each with its place.
    #[error("{0}")]
    Settings(String),
    /// `--diff-base` with standard input.
    #[error("--diff-base cannot be used with standard input; name the file")]
    DiffOfStandardInput,
    /// Git could not be run.
    #[error("cannot run `git`, which {needed_by} needs: {}", reason(error))]
    NoGit {
        /// What needs it.
        needed_by: &'static str,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// A file is in no repository.
    #[error("{} is not in a Git repository, which --diff-base needs", shown(.0))]
    NotInGit(PathBuf),
    /// Git refused.
    #[error("git failed in {}: {reason}", shown(folder))]
    Git {
        /// The repository.
        folder: PathBuf,
        /// What it said.
        reason: String,
    },
    /// Git does not know a revision.
    #[error("unknown revision `{revision}`; {}", deepen(*is_shallow, "fetch it first, such as with `git fetch origin`"))]
    UnknownRevision {
        /// What was given.
        revision: String,
        /// Whether the clone lacks history.
        is_shallow: bool,
    },
    /// A revision and the current branch have no common commit.
    #[error(
        "revision `{revision}` and HEAD have no common commit; {}",
        deepen(*is_shallow, "name a branch or commit that HEAD comes from")
    )]
    UnrelatedRevision {
        /// What was given.
        revision: String,
        /// Whether the clone lacks history.
        is_shallow: bool,
    },
    /// `--fix` with standard input.
    #[error("--fix cannot be used with standard input; use --diff to print the changes")]
    FixOfStandardInput,
    /// `--write` with standard input.
    #[error("--write cannot be used with standard input; use --diff to print the changes")]
    WriteOfStandardInput,
    /// `--unsafe` without edits.
    #[error("--unsafe requires --diff or --write")]
    UnsafeWithoutEdits,
    /// `--pipe` without `--with pipe`.
    #[error("--pipe requires --with pipe")]
    PipeWithoutWay,
    /// A file is not migrated.
    #[error("cannot migrate {}: {refusal}", shown(path))]
    NotMigrated {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        refusal: Refusal,
    },
    /// No rule or group has this name.
    #[error(
        "unknown rule or group `{name}`; {}",
        nearest.map_or_else(|| "`keyless rules` lists all of them".to_owned(), |nearest| format!("did you mean `{nearest}`?"))
    )]
    UnknownRuleOrGroup {
        /// What was given.
        name: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// `keyless init` where there are settings already.
    #[error("{} exists already; use --force to replace it, or --stdout to print what would be written", shown(.0))]
    SettingsExist(PathBuf),
    /// `keyless init` could not write its file.
    #[error("cannot write {}: {}", shown(path), reason(error))]
    UnwritableSettings {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// A baseline cannot be read.
    #[error("{} is not a baseline that `keyless lint --write-baseline` wrote: {error}", shown(path))]
    Baseline {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: serde_json::Error,
    },
    /// A baseline of another version of its format.
    #[error(
        "{} has version {version} of the baseline's format, and this keyless reads version 1; write it again",
        shown(path)
    )]
    BaselineVersion {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        version: u32,
    },
    /// The report could not be written to its file.
    #[error("cannot write the report to {}: {}", shown(path), reason(error))]
    UnwritableFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// Two reports on standard output, or in the file of `--output`.
    #[error(
        "`--format {0}` and `--format {1}` cannot be written to the same place; give one of them a file: `--format {1}=FILE`",
        formats[0], formats[1]
    )]
    SharedOutput {
        /// Their formats.
        formats: [&'static str; 2],
    },
    /// Two reports in one file.
    #[error("`--format {}` and `--format {}` cannot both be written to {}", formats[0], formats[1], shown(path))]
    SharedFile {
        /// The file.
        path: PathBuf,
        /// Their formats.
        formats: [&'static str; 2],
    },
    /// `--output` where every report has its own file.
    #[error("--output {} has no effect: every --format names its own file", shown(.0))]
    UnusedOutput(PathBuf),
    /// The report could not be written.
    #[error("cannot write the report: {}", reason(.0))]
    Unwritable(#[source] io::Error),
    /// A file has no policy that can be evaluated.
    #[error("cannot evaluate {}: {reason}", shown(path))]
    UnusablePolicy {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A pipeline file has no matching step.
    #[error("cannot select a step of {}: {reason}", shown(path))]
    UnusableStep {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Not a token.
    #[error("cannot read the token: {0}")]
    Token(#[source] TokenError),
    /// A token of another issuer than Bitbucket.
    #[error("the token does not name a Bitbucket workspace with its UUID; its issuer is `{0}`")]
    OtherToken(String),
    /// A file has no claims.
    #[error("{} is not a JSON object with the claims of a token; at least `iss` is required", shown(.0))]
    Claims(PathBuf),
    /// A file has no keys.
    #[error("{} is not a JSON Web Key Set, as an issuer publishes it under keys.json: {error}", shown(path))]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: serde_json::Error,
    },
    /// An argument of the form `KEY=VALUE` has no `=`.
    #[error("`{0}` must be of the form KEY=VALUE")]
    KeyWithoutValue(String),
    /// An environment of a repository that was not named.
    #[error("`{0}` must start with the name of a repository given by --repository, and a `/`")]
    EnvironmentWithoutRepository(String),
    /// Bitbucket did not give what a setup needs.
    #[cfg(feature = "cloud")]
    #[error("cannot look up {what} in Bitbucket: {reason}")]
    Bitbucket {
        /// What was looked up.
        what: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// Bitbucket did not change something.
    #[cfg(feature = "cloud")]
    #[error("cannot {what} in Bitbucket: {reason}")]
    BitbucketChange {
        /// What was to be done.
        what: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// AWS did not give what a migration needs.
    #[cfg(feature = "cloud")]
    #[error("cannot read {what} in AWS: {reason}")]
    Aws {
        /// What was read.
        what: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// AWS did not answer a call, or refused it.
    #[cfg(feature = "cloud")]
    #[error("{action} failed: {reason}; {help}")]
    AwsCall {
        /// The permission that it needs.
        action: String,
        /// Why not.
        reason: String,
        /// What to do.
        help: String,
    },
    /// An access key of another account.
    #[cfg(feature = "cloud")]
    #[error(
        "access key `{key}` belongs to account {account}, and these credentials to account {credentials}; use credentials of \
         account {account}"
    )]
    KeyOfOtherAccount {
        /// The id of the key.
        key: String,
        /// The account that it belongs to.
        account: String,
        /// The account of the credentials.
        credentials: String,
    },
    /// It is unknown which repository of Bitbucket is meant.
    #[cfg(feature = "cloud")]
    #[error("no repository is given; use --repository WORKSPACE/NAME, or run this in a clone of the repository")]
    NoRepository,
    /// A migration of several files.
    #[cfg(feature = "cloud")]
    #[error("a repository has one pipeline file, but {0} were found; name the file")]
    SeveralPipelines(usize),
    /// A role of the command line that is not an ARN.
    #[cfg(feature = "cloud")]
    #[error(
        "invalid `--role {given}`: {reason}; use ENVIRONMENT=ARN, or only the ARN for steps without an environment"
    )]
    InvalidRole {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not the path of a repository.
    #[cfg(feature = "cloud")]
    #[error("`{0}` must be of the form WORKSPACE/NAME with --from-bitbucket")]
    NotARepository(String),
    /// Repositories of several workspaces, which have an identity provider each.
    #[cfg(feature = "cloud")]
    #[error("the repositories belong to several workspaces; run `keyless setup` once for each workspace")]
    SeveralWorkspaces,
    /// A repository has no such deployment environment.
    #[cfg(feature = "cloud")]
    #[error(
        "Bitbucket has no deployment environment `{wanted}`; {}the environments are: {names}",
        did_you_mean(wanted, names)
    )]
    NoSuchEnvironment {
        /// What was given.
        wanted: String,
        /// Those that exist.
        names: String,
    },
    /// A URL could not be fetched.
    #[error("cannot fetch `{url}`: {reason}; download it and name the file")]
    Download {
        /// The URL.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A list of addresses cannot be used.
    #[error("invalid addresses in {}: {error}", shown(path))]
    Addresses {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: AddressError,
    },
    /// The command needs a feature that this build does not have.
    #[cfg(not(all(feature = "cloud", feature = "lsp")))]
    #[error(
        "this keyless was installed without cloud support and language server, as pip and pre-commit install it; `doctor`, \
         `exec`, `credential-process`, `lsp`, `migrate apply`, `retire` and `report` need them: run `cargo install --locked --path crates/cli` in a checkout of keyless"
    )]
    WithoutCloud,
    /// An editor that does not speak the language server protocol.
    #[cfg(feature = "lsp")]
    #[error("the editor does not speak the language server protocol: {0}; start `keyless lsp` from an editor")]
    Protocol(String),
    /// The setup is invalid.
    #[error(transparent)]
    Setup(SetupError),
}

fn shown(path: &std::path::Path) -> String {
    format!("`{}`", path.display())
}

/// The operating system's message, or a plainer one.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotADirectory => "not a folder".to_owned(),
        io::ErrorKind::StorageFull => "no space left".to_owned(),
        io::ErrorKind::InvalidData => "not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

/// What to do about missing history.
const fn deepen(is_shallow: bool, otherwise: &'static str) -> &'static str {
    if is_shallow {
        "the clone is shallow: set `clone: {depth: full}` in bitbucket-pipelines.yml, or run `git fetch --unshallow`"
    } else {
        otherwise
    }
}

/// The most similar of several names that are separated by commas.
#[cfg(feature = "cloud")]
fn did_you_mean(wanted: &str, names: &str) -> String {
    let nearest = spelling::nearest(wanted, names.split(", "));
    nearest.map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default()
}
