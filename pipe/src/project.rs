//! The CDK app's folder, Node, and the CDK CLI of the app.

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt, fs,
    path::{Path, PathBuf},
};

use keyless_aws::Environment;
use keyless_session::log;
use serde_json::Value;
use tokio::process::Command as Process;

use crate::{
    assembly,
    install::{self, Plan, package_folder, up_to},
    preflight::PreflightError,
    programs::{MissingProgram, Need, Search},
    settings::{Command, Install, Invocation, Settings},
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
    /// How its packages are installed.
    pub install: Plan,
    /// The clone's folder, or the app's if that is elsewhere.
    root: PathBuf,
    /// The command that synthesizes the app, and where it is set, if it is to be run.
    app: Option<(String, &'static str)>,
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
    /// Not there yet: it may be one of the packages to be installed for this folder. Otherwise another one is used.
    Awaited(PathBuf, Option<Box<Cli>>),
    /// Not needed.
    Unused,
}

impl Project {
    /// Searches the working directory and the PATH. Invalid settings are `None`.
    ///
    /// # Errors
    /// Everything that is missing.
    pub(crate) fn find(
        invocation: &Invocation,
        settings: Option<&Settings>,
        environment: &Environment,
    ) -> Result<Self, Vec<PreflightError>> {
        let Ok(folder) = fs::canonicalize(&invocation.working_directory) else {
            return Err(vec![PreflightError::NoFolder(invocation.working_directory.clone())]);
        };
        let path = environment.get_os("PATH").unwrap_or_default();
        let root = root(&folder, environment.get_os("BITBUCKET_CLONE_DIR"));
        let extra_args = settings.map(|settings| settings.extra_args.as_slice()).unwrap_or_default();
        let search = Search { folder: &folder, path };
        if invocation.command == Command::Exec {
            if let Some(missing) = search.missing(extra_args, Need::Command) {
                return Err(vec![missing.into()]);
            }
            let (node, cdk, install) = (PathBuf::new(), Cli::Unused, Plan::Nothing);
            return Ok(Self { folder, node, cdk, install, root, app: None });
        }
        let mut errors = Vec::new();
        if invocation.command.needs_app() && invocation.app.is_none() && !folder.join("cdk.json").is_file() {
            errors.push(PreflightError::NoApp(folder.clone()));
        }
        let file = folder.join("cdk.json");
        if !matches!(invocation.command, Command::Synth | Command::List) {
            if names_a_profile(&file) {
                errors.push(PreflightError::Profile(file));
            }
            if extra_args.iter().any(|word| word == "--profile" || word.starts_with("--profile=")) {
                errors.push(PreflightError::ProfileArgument);
            }
        }
        let node = search.find("node");
        if node.is_none() {
            errors.push(PreflightError::NoNode);
        }
        let own = Cli::of_project(&folder);
        let cdk_version = settings.and_then(|settings| settings.cdk_version.as_deref());
        let fetched = cdk_version.filter(|wanted| own.as_ref().and_then(Cli::version) != Some(*wanted));
        let on_path = || search.find("cdk").and_then(Cli::at);
        let app = app(invocation, extra_args, &folder);
        let is_ready = invocation.app.as_ref().is_some_and(|app| folder.join(app).is_dir());
        let install = match settings.map(|settings| &settings.install) {
            None => Ok(Plan::Nothing),
            // The packages of a ready assembly's app are needed only if the CDK CLI is one of them.
            Some(Install::Auto) if is_ready && (own.is_some() || fetched.is_some() || on_path().is_some()) => {
                Ok(Plan::Nothing)
            }
            Some(install) => install::plan(install, &root, &search),
        };
        // A CDK CLI that would be installed is not missing, too.
        let is_pending = install.as_ref().map_or(true, |plan| plan.installation().is_some());
        let install = install.map_err(|missing| errors.push(missing.into())).unwrap_or(Plan::Nothing);
        let cdk = match fetched {
            Some(version) => {
                errors.extend(search.missing(&["npx".to_owned()], Need::CdkVersion).map(Into::into));
                Some(Cli::Fetched(version.to_owned()))
            }
            None if is_pending && own.is_none() && package_folder(&folder, &root).is_some() => {
                Some(Cli::Awaited(folder.clone(), on_path().map(Box::new)))
            }
            None => own.or_else(on_path),
        };
        match &cdk {
            None => {
                let without_lock = match &install {
                    Plan::NoLock(file) => Some(file.clone()),
                    Plan::Run(_) | Plan::Nothing => None,
                };
                errors.push(PreflightError::NoCdk(folder.clone(), without_lock));
            }
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
        let project =
            Self { folder, node: node.unwrap_or_default(), cdk: cdk.unwrap_or(Cli::Unused), install, root, app };
        let is_custom = project.install.installation().is_some_and(|installation| installation.custom);
        if !is_custom {
            let missing = project.missing_program(path, is_pending).filter(|missing| missing.program != "node");
            errors.extend(missing.map(Into::into));
        }
        project.warn(invocation, is_ready, environment);
        if errors.is_empty() { Ok(project) } else { Err(errors) }
    }

    /// Logs what may be missing.
    fn warn(&self, invocation: &Invocation, is_ready: bool, environment: &Environment) {
        if let (Plan::NoLock(file), false, true) = (&self.install, is_ready, invocation.command.needs_app()) {
            log::warning(format_args!(
                "no packages are installed: {} has no lock file, and is not in a workspace that has one",
                file.display()
            ));
        }
        let docker = environment.get("CDK_DOCKER").unwrap_or("docker");
        let path = environment.get_os("PATH").unwrap_or_default();
        let builds = || invocation.app.as_ref().is_some_and(|app| assembly::builds_images(&self.folder.join(app)));
        if is_ready
            && invocation.command == Command::Deploy
            && (Search { folder: &self.folder, path }).find(docker).is_none()
            && builds()
        {
            log::warning(format_args!(
                "the assembly has images to build, and `{docker}` is not on the PATH: images that are not published yet cannot be \
                 built; use the `docker` variant of the pipe's image"
            ));
        }
    }

    /// The first program of the app that is missing. `pending` says that packages are still to be installed.
    pub(crate) fn missing_program(&self, path: &OsStr, pending: bool) -> Option<MissingProgram> {
        let (command, source) = self.app.as_ref()?;
        let path = self.search_path(path);
        Search { folder: &self.folder, path: &path }.missing_for_app(command, source, pending)
    }

    /// The PATH of the app: first the programs of its packages, as for a command that `npx` or an active virtual environment
    /// runs.
    pub(crate) fn search_path(&self, path: &OsStr) -> OsString {
        let folders = up_to(&self.folder, &self.root).flat_map(|folder| {
            [".venv/bin", "node_modules/.bin"].map(|bin| folder.join(bin)).into_iter().filter(|bin| bin.is_dir())
        });
        // Only a folder with a colon in its name cannot be joined.
        env::join_paths(folders.chain(env::split_paths(path))).unwrap_or_else(|_| path.to_owned())
    }
}

/// The folder up to which lock files are searched for: the clone's, or the repository's, if it has the app.
fn root(folder: &Path, clone: Option<&OsStr>) -> PathBuf {
    let clone = clone.and_then(|clone| fs::canonicalize(clone).ok()).filter(|clone| folder.starts_with(clone));
    let repository = || folder.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
    clone.or_else(repository).unwrap_or_else(|| folder.to_owned())
}

/// The command that synthesizes the app, and where it is set. A ready assembly, and an app in `EXTRA_ARGS`, are not commands.
fn app(invocation: &Invocation, extra_args: &[String], folder: &Path) -> Option<(String, &'static str)> {
    let is_app = |word: &String| matches!(word.as_str(), "--app" | "-a") || word.starts_with("--app=");
    if !invocation.command.needs_app() || extra_args.iter().any(is_app) {
        return None;
    }
    let configured = || {
        let settings: Value = serde_json::from_slice(&fs::read(folder.join("cdk.json")).ok()?).ok()?;
        Some((settings["app"].as_str()?.to_owned(), "`app` in cdk.json"))
    };
    let app = invocation.app.clone().map(|app| (app, "APP")).or_else(configured);
    app.filter(|(app, _)| !folder.join(app).is_dir())
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
            Self::Awaited(..) => self.installed().and_then(|own| own.files()),
            Self::Fetched(_) | Self::Unused => None,
        }
    }

    fn version(&self) -> Option<&str> {
        match self {
            Self::Script { version, .. } => version.as_deref(),
            Self::Fetched(version) => Some(version),
            Self::Program(_) | Self::Awaited(..) | Self::Unused => None,
        }
    }

    /// Its version and its package's folder, where both are known.
    fn package(&self) -> Option<assembly::Package<'_>> {
        match self {
            Self::Script { file, version: Some(version) } => Some((version, file.ancestors().nth(2)?)),
            _ => None,
        }
    }

    /// The one to use once the packages are installed; `None` when it is not one of them and there is no other.
    pub(crate) fn installed(&self) -> Option<Self> {
        match self {
            Self::Awaited(folder, other) => Self::of_project(folder).or_else(|| other.as_deref().cloned()),
            _ => Some(self.clone()),
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
            Self::Awaited(..) | Self::Unused => Process::new("cdk"),
        }
    }
}

impl fmt::Display for Cli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.version(), self) {
            (Some(version), _) => f.write_str(version),
            (None, Self::Awaited(..)) => f.write_str("the app's own"),
            (None, _) => f.write_str("unknown version"),
        }
    }
}

fn version(package: &Path) -> Option<String> {
    let package: serde_json::Value = serde_json::from_slice(&fs::read(package).ok()?).ok()?;
    (package["name"] == "aws-cdk").then(|| package["version"].as_str().map(str::to_owned)).flatten()
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
            let errors =
                Project::find(&invocation, None, &Environment::from_iter([("PATH", "/nonexistent")])).unwrap_err();
            let found: Vec<_> =
                errors.iter().map(ToString::to_string).filter(|error| error.contains("profile")).collect();
            assert_eq!(!found.is_empty(), expected, "{settings}: {found:?}");
            assert!(found.iter().all(|error| error.contains("cdk.json")), "{found:?}");
        }
    }
}
