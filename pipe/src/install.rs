//! How the app's packages are installed: before there are credentials, so that no install script can read them.
//!
//! A lock file is searched for from the app's folder up to the clone's: workspaces have one at their root.

use std::{
    fs,
    path::{Path, PathBuf},
};

use keyless_session::workspace::{self, manifest};

use crate::{
    programs::{MissingProgram, Need, Search},
    settings::Install,
};

/// A lock file, what exists if its packages are installed, and how exactly these are installed.
struct Kind {
    lock: &'static str,
    tool: &'static str,
    installed: Option<&'static str>,
    /// The arguments of the tool.
    arguments: &'static [&'static str],
    /// Whether it is also searched for above the app's folder.
    above: bool,
}

const fn javascript(lock: &'static str, tool: &'static str, arguments: &'static [&'static str]) -> Kind {
    Kind { lock, tool, installed: Some("node_modules"), arguments, above: true }
}

static KINDS: [Kind; 8] = [
    javascript("package-lock.json", "npm", &["ci", "--no-audit", "--no-fund"]),
    javascript("npm-shrinkwrap.json", "npm", &["ci", "--no-audit", "--no-fund"]),
    javascript("pnpm-lock.yaml", "pnpm", &["install", "--frozen-lockfile"]),
    javascript("yarn.lock", "yarn", &["install", "--frozen-lockfile"]),
    javascript("bun.lock", "bun", &["install", "--frozen-lockfile"]),
    javascript("bun.lockb", "bun", &["install", "--frozen-lockfile"]),
    Kind { lock: "uv.lock", tool: "uv", installed: Some(".venv"), arguments: &["sync", "--frozen"], above: false },
    Kind {
        lock: "requirements.txt",
        tool: "python3",
        installed: None,
        arguments: &["-m", "pip", "install", "--quiet", "-r", "requirements.txt"],
        above: false,
    },
];

/// Files whose settings name variables, as `${NAME}`: the token of a private registry.
const NAMING: [&str; 6] = [".npmrc", ".yarnrc.yml", ".pnpmfile.cjs", "requirements.txt", "pip.conf", "bunfig.toml"];

/// The variables that the package managers' settings in these folders name.
pub(crate) fn named_variables(folders: &[&Path]) -> Vec<String> {
    let files = folders.iter().flat_map(|folder| NAMING.iter().map(move |name| folder.join(name)));
    let texts = files.filter_map(|file| fs::read_to_string(file).ok());
    let mut names: Vec<String> = texts.flat_map(|text| names_in(&text)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The names in `${NAME}`, `${NAME-default}` and `process.env.NAME`.
fn names_in(text: &str) -> Vec<String> {
    let name = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    let starts = ["${", "process.env."].into_iter().flat_map(|start| text.split(start).skip(1));
    starts.map(name).filter(|name| !name.is_empty()).collect()
}

/// A command that installs packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installation {
    /// Where it runs.
    pub folder: PathBuf,
    /// The command and its arguments.
    pub words: Vec<String>,
    /// Whether it is the command in `INSTALL`, of which nothing else is known.
    pub custom: bool,
}

/// Whether packages are to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// With this command.
    Run(Installation),
    /// They are installed, or there are none.
    Nothing,
    /// The app's package.json belongs to no lock file.
    NoLock(PathBuf),
}

impl Plan {
    /// The command to run.
    pub(crate) fn installation(&self) -> Option<&Installation> {
        match self {
            Self::Run(installation) => Some(installation),
            Self::Nothing | Self::NoLock(_) => None,
        }
    }
}

/// Plans the installation for the app in a folder. Lock files are searched for up to `root`, which is the folder itself or one
/// above it.
///
/// # Errors
/// [`MissingProgram`] when the package manager is missing.
pub(crate) fn plan(install: &Install, root: &Path, search: &Search<'_>) -> Result<Plan, MissingProgram> {
    let folder = search.folder.to_owned();
    match install {
        Install::None => Ok(Plan::Nothing),
        Install::Command(words) => match search.missing(words, Need::Install) {
            Some(missing) => Err(missing),
            None => Ok(Plan::Run(Installation { folder, words: words.clone(), custom: true })),
        },
        Install::Auto => {
            let package = package_folder(&folder, root);
            let Some((place, kind)) = found(&folder, package, root) else {
                let bare =
                    package.filter(|package| !package.join("node_modules").exists() && has_dependencies(package));
                return Ok(bare.map_or(Plan::Nothing, |package| Plan::NoLock(package.join("package.json"))));
            };
            let places = [Some(place.as_path()), package];
            let is_there = |name: &str| places.iter().flatten().any(|place| place.join(name).exists());
            if kind.installed.is_some_and(is_there) {
                return Ok(Plan::Nothing);
            }
            let words = words(kind, &place, search)?;
            Ok(Plan::Run(Installation { folder: place, words, custom: false }))
        }
    }
}

/// The nearest folder with a package.json, from the app's up to the root.
pub(crate) fn package_folder<'f>(folder: &'f Path, root: &Path) -> Option<&'f Path> {
    up_to(folder, root).find(|folder| folder.join("package.json").is_file())
}

fn has_dependencies(package: &Path) -> bool {
    let package = manifest(package).unwrap_or_default();
    let lists = |name: &str| package[name].as_object().is_some_and(|packages| !packages.is_empty());
    lists("dependencies") || lists("devDependencies")
}

/// The folder and those above it, up to the root.
pub(crate) fn up_to<'f>(folder: &'f Path, root: &Path) -> impl Iterator<Item = &'f Path> {
    folder.ancestors().take_while(move |ancestor| ancestor.starts_with(root))
}

/// The nearest lock file that the app's packages are in, and its folder.
fn found(folder: &Path, package: Option<&Path>, root: &Path) -> Option<(PathBuf, &'static Kind)> {
    up_to(folder, root).find_map(|place| {
        let there = || KINDS.iter().filter(|kind| (kind.above || place == folder) && place.join(kind.lock).is_file());
        // Of several lock files, the one of the package manager that the project names.
        let named = package_manager(place).map(|(tool, _)| tool);
        let kind = there().find(|kind| named.as_deref() == Some(kind.tool)).or_else(|| there().next())?;
        let is_own =
            place == folder || package.is_none_or(|package| package == place || workspace::includes(place, package));
        is_own.then(|| (place.to_owned(), kind))
    })
}

/// Name and version in `packageManager` of package.json: `pnpm@9.1.0+sha512.…`.
fn package_manager(folder: &Path) -> Option<(String, String)> {
    let package = manifest(folder)?;
    let (name, version) = package["packageManager"].as_str()?.split_once('@')?;
    let version = version.split('+').next().unwrap_or_default();
    let is_exact = version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    is_exact.then(|| (name.to_owned(), version.to_owned()))
}

/// The command that installs the packages of a lock file, with a package manager that is there: itself, through Corepack, or
/// fetched by npx at the version that the project names.
fn words(kind: &Kind, place: &Path, search: &Search<'_>) -> Result<Vec<String>, MissingProgram> {
    let is_there = |program: &str| search.find(program).is_some();
    let command = |before: &[&str]| {
        let arguments = if kind.tool == "yarn" { yarn_arguments(place) } else { kind.arguments };
        before.iter().chain(arguments).map(|word| (*word).to_owned()).collect()
    };
    let version = package_manager(place).filter(|(tool, _)| tool == kind.tool).map(|(_, version)| version);
    let is_modern_yarn = kind.tool == "yarn" && is_modern(place);
    // Without a version in the project, Corepack's default is Yarn 1.
    if is_modern_yarn && version.is_none() && !names_yarn(place) && is_there("corepack") {
        return Ok(command(&["corepack", "yarn@4"]));
    }
    if is_there(kind.tool) {
        return Ok(command(&[kind.tool]));
    }
    if matches!(kind.tool, "pnpm" | "yarn") && is_there("corepack") {
        return Ok(command(&["corepack", kind.tool]));
    }
    match version.filter(|_| matches!(kind.tool, "pnpm" | "yarn" | "bun") && is_there("npx")) {
        // The package `yarn` ends with version 1.
        Some(version) if is_modern_yarn => {
            Ok(command(&["npx", "--yes", "--package", &format!("@yarnpkg/cli-dist@{version}"), "yarn"]))
        }
        Some(version) => Ok(command(&["npx", "--yes", &format!("{}@{version}", kind.tool)])),
        None => Err(MissingProgram { program: kind.tool.to_owned(), need: Need::Packages(kind.lock) }),
    }
}

/// Yarn 1 and later versions have different options for the same.
fn yarn_arguments(place: &Path) -> &'static [&'static str] {
    if is_modern(place) { &["install", "--immutable"] } else { &["install", "--frozen-lockfile"] }
}

/// Whether a project uses Yarn 2 or later, whose lock file has metadata.
fn is_modern(place: &Path) -> bool {
    place.join(".yarnrc.yml").is_file()
        || fs::read_to_string(place.join("yarn.lock")).is_ok_and(|lock| lock.lines().any(|line| line == "__metadata:"))
}

/// Whether a project brings its own Yarn, which any Yarn starts.
fn names_yarn(place: &Path) -> bool {
    let settings = fs::read_to_string(place.join(".yarnrc.yml"));
    settings.is_ok_and(|settings| settings.lines().any(|line| line.starts_with("yarnPath:")))
}

#[cfg(test)]
mod tests;
