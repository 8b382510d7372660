//! The CDK app's folder, Node, and the CDK CLI of the app.

use std::{
    env,
    ffi::OsStr,
    fmt, fs,
    path::{Path, PathBuf},
};

use tokio::process::Command as Process;

use crate::{
    assembly,
    preflight::PreflightError,
    settings::{Command, Invocation},
};

/// Where to find what a run needs.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The app's folder.
    pub folder: PathBuf,
    /// The Node to run the CDK with.
    pub node: PathBuf,
    /// The CDK CLI.
    pub cdk: Cli,
}

/// A CDK CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cli {
    /// JavaScript, run by Node directly: `npx` would take longer to find it.
    Script {
        /// Its file.
        file: PathBuf,
        /// Its version, where its package says so.
        version: Option<String>,
    },
    /// A program.
    Program(PathBuf),
    /// An exact version to fetch from the registry.
    Fetched(String),
    /// Not there yet: it is one of the packages to be installed in this folder.
    Awaited(PathBuf),
    /// Not needed.
    Unused,
}

impl Project {
    /// Searches the working directory and the PATH. `installs` says that packages are going to be installed.
    ///
    /// # Errors
    /// Everything that is missing.
    pub(crate) fn find(
        invocation: &Invocation,
        cdk_version: Option<&str>,
        installs: bool,
        path: &OsStr,
    ) -> Result<Self, Vec<PreflightError>> {
        let Ok(folder) = fs::canonicalize(&invocation.working_directory) else {
            return Err(vec![PreflightError::NoFolder(invocation.working_directory.clone())]);
        };
        if invocation.command == Command::Exec {
            return Ok(Self { folder, node: PathBuf::new(), cdk: Cli::Unused });
        }
        let mut errors = Vec::new();
        if invocation.command.needs_app() && invocation.app.is_none() && !folder.join("cdk.json").is_file() {
            errors.push(PreflightError::NoApp(folder.clone()));
        }
        let settings = folder.join("cdk.json");
        if !matches!(invocation.command, Command::Synth | Command::List) && names_a_profile(&settings) {
            errors.push(PreflightError::Profile(settings));
        }
        let node = on_path("node", path);
        if node.is_none() {
            errors.push(PreflightError::NoNode);
        }
        let own = Cli::of_project(&folder);
        let fetched = cdk_version.filter(|wanted| own.as_ref().and_then(Cli::version) != Some(*wanted));
        let awaited = || (installs && folder.join("package.json").is_file()).then(|| Cli::Awaited(folder.clone()));
        let cdk = match fetched {
            Some(version) => Some(Cli::Fetched(version.to_owned())),
            None => own.or_else(|| on_path("cdk", path).and_then(Cli::at)).or_else(awaited),
        };
        match &cdk {
            None => errors.push(PreflightError::NoCdk(folder.clone())),
            Some(Cli::Script { file, version: Some(version) }) if version == ACCIDENT => {
                errors.push(PreflightError::AccidentalCdk(file.clone()));
            }
            Some(cdk) => {
                let app = invocation.app.as_deref().filter(|_| invocation.command.needs_app());
                let package = cdk.package();
                let assembly = app.map_or(Ok(()), |app| assembly::check(&folder, app, package));
                errors.extend(assembly.err().map(PreflightError::Assembly));
            }
        }
        match (node, cdk) {
            (Some(node), Some(cdk)) if errors.is_empty() => Ok(Self { folder, node, cdk }),
            _ => Err(errors),
        }
    }
}

/// Whether the CDK's settings in a file name a profile of the AWS SDKs.
fn names_a_profile(file: &Path) -> bool {
    let settings = fs::read(file).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    settings.is_some_and(|settings| settings["profile"].as_str().is_some_and(|profile| !profile.is_empty()))
}

/// A release that was published by accident and cannot read today's assemblies.
const ACCIDENT: &str = "3.0.0";

impl Cli {
    /// The project's own, from the app's folder or one above it, as Node resolves packages.
    fn of_project(folder: &Path) -> Option<Self> {
        folder.ancestors().map(|folder| folder.join("node_modules")).find_map(|modules| {
            let package = modules.join("aws-cdk/bin/cdk");
            let file = if package.is_file() { package } else { modules.join(".bin/cdk") };
            file.is_file().then(|| Self::at(file)).flatten()
        })
    }

    /// The CLI in a file; links are followed to its package.
    fn at(file: PathBuf) -> Option<Self> {
        let file = fs::canonicalize(file).ok()?;
        let is_script = fs::read(&file).is_ok_and(|bytes| {
            let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            first.starts_with(b"#!") && first.ends_with(b"node")
        });
        if !is_script {
            return Some(Self::Program(file));
        }
        // <package>/bin/cdk
        let version = file.ancestors().nth(2).and_then(|package| version(&package.join("package.json")));
        Some(Self::Script { file, version })
    }

    /// The files that it consists of: its package's folder, or its program. Nothing where it is fetched anew.
    pub(crate) fn files(&self) -> Option<PathBuf> {
        match self {
            Self::Script { file, .. } => Some(self.package().map_or(file.as_path(), |(_, package)| package).to_owned()),
            Self::Program(file) => Some(file.clone()),
            Self::Awaited(folder) => Self::of_project(folder).and_then(|own| own.files()),
            Self::Fetched(_) | Self::Unused => None,
        }
    }

    fn version(&self) -> Option<&str> {
        match self {
            Self::Script { version, .. } => version.as_deref(),
            Self::Fetched(version) => Some(version),
            Self::Program(_) | Self::Awaited(_) | Self::Unused => None,
        }
    }

    /// Its version and its package's folder, where both are known.
    fn package(&self) -> Option<assembly::Package<'_>> {
        match self {
            Self::Script { file, version: Some(version) } => Some((version, file.ancestors().nth(2)?)),
            _ => None,
        }
    }

    /// A process of it, without arguments yet.
    pub(crate) fn process(&self, node: &Path) -> Process {
        match self {
            Self::Script { file, .. } => {
                let mut process = Process::new(node);
                process.arg(file);
                process
            }
            Self::Program(file) => Process::new(file),
            Self::Fetched(version) => {
                let mut process = Process::new("npx");
                process.args(["--yes", &format!("aws-cdk@{version}")]);
                process
            }
            Self::Awaited(folder) => {
                Self::of_project(folder).map_or_else(|| Process::new("cdk"), |own| own.process(node))
            }
            Self::Unused => Process::new("true"),
        }
    }
}

impl fmt::Display for Cli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.version(), self) {
            (Some(version), _) => f.write_str(version),
            (None, Self::Awaited(_)) => f.write_str("the app's own"),
            (None, _) => f.write_str("unknown version"),
        }
    }
}

fn version(package: &Path) -> Option<String> {
    let package: serde_json::Value = serde_json::from_slice(&fs::read(package).ok()?).ok()?;
    (package["name"] == "aws-cdk").then(|| package["version"].as_str().map(str::to_owned)).flatten()
}

/// An executable of this name in the folders of a PATH.
fn on_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_in_the_cdks_settings_is_found() {
        let folder = tempfile::tempdir().unwrap();
        for (settings, command, expected) in [
            (r#"{"app":"node app.js","profile":"dev"}"#, Command::Deploy, true),
            (r#"{"app":"node app.js","profile":"dev"}"#, Command::Synth, false),
            (r#"{"app":"node app.js","profile":""}"#, Command::Deploy, false),
            (r#"{"app":"node app.js","context":{"profile":"dev"}}"#, Command::Diff, false),
        ] {
            fs::write(folder.path().join("cdk.json"), settings).unwrap();
            let invocation = Invocation { command, working_directory: folder.path().to_owned(), app: None };
            let errors = Project::find(&invocation, None, false, OsStr::new("")).unwrap_err();
            let found: Vec<_> =
                errors.iter().map(ToString::to_string).filter(|error| error.contains("profile")).collect();
            assert_eq!(!found.is_empty(), expected, "{settings}: {found:?}");
            assert!(found.iter().all(|error| error.contains("cdk.json")), "{found:?}");
        }
    }
}
