//! The CDK app's surroundings: its folder, Node, and the CDK CLI that belongs to it.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::{mistake::Mistake, settings::Settings};

/// Where everything is that a run of the CDK needs.
#[derive(Clone, Debug)]
pub struct Project {
    /// The app's folder.
    pub folder: PathBuf,
    /// The Node to run the CDK with.
    pub node: PathBuf,
    /// The CDK CLI.
    pub cdk: Cli,
}

/// A CDK CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cli {
    /// Its file.
    pub file: PathBuf,
    /// Whether the file is JavaScript, for Node to run. Asking Node directly saves what `npx` needs to find it.
    pub is_script: bool,
    /// Its version, where its package says so.
    pub version: Option<String>,
}

impl Project {
    /// Looks around in the working directory and on the PATH.
    ///
    /// # Errors
    /// Everything that is missing.
    pub fn find(settings: &Settings, path: &OsStr) -> Result<Self, Vec<Mistake>> {
        let Ok(folder) = fs::canonicalize(&settings.working_directory) else {
            return Err(vec![Mistake::NoFolder(settings.working_directory.clone())]);
        };
        let mut mistakes = Vec::new();
        if settings.command.needs_app() && settings.app.is_none() && !folder.join("cdk.json").is_file() {
            mistakes.push(Mistake::NoApp(folder.clone()));
        }
        let node = on_path("node", path);
        if node.is_none() {
            mistakes.push(Mistake::NoNode);
        }
        let cdk = Cli::of_project(&folder).or_else(|| on_path("cdk", path).and_then(Cli::at));
        match &cdk {
            None => mistakes.push(Mistake::NoCdk(folder.clone())),
            Some(cdk) if cdk.version.as_deref() == Some("3.0.0") => {
                mistakes.push(Mistake::AccidentalCdk(cdk.file.clone()));
            }
            Some(_) => {}
        }
        match (node, cdk) {
            (Some(node), Some(cdk)) if mistakes.is_empty() => Ok(Self { folder, node, cdk }),
            _ => Err(mistakes),
        }
    }
}

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
        // <package>/bin/cdk
        let version = file.ancestors().nth(2).and_then(|package| version(&package.join("package.json")));
        Some(Self { file, is_script, version })
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
