//! How the app's packages are installed: before there are credentials, so that no install script can read them.

use std::{fs, path::Path};

use crate::settings::Install;

/// A lock file, the folder that exists if its packages are installed, and the command that installs exactly these.
struct Kind {
    lock: &'static str,
    installed: Option<&'static str>,
    command: &'static [&'static str],
}

const fn kind(lock: &'static str, installed: Option<&'static str>, command: &'static [&'static str]) -> Kind {
    Kind { lock, installed, command }
}

static KINDS: [Kind; 7] = [
    kind("package-lock.json", Some("node_modules"), &["npm", "ci", "--no-audit", "--no-fund"]),
    kind("npm-shrinkwrap.json", Some("node_modules"), &["npm", "ci", "--no-audit", "--no-fund"]),
    kind("pnpm-lock.yaml", Some("node_modules"), &["pnpm", "install", "--frozen-lockfile"]),
    kind(".yarnrc.yml", Some("node_modules"), &["yarn", "install", "--immutable"]),
    kind("yarn.lock", Some("node_modules"), &["yarn", "install", "--frozen-lockfile"]),
    kind("uv.lock", Some(".venv"), &["uv", "sync", "--frozen"]),
    kind("requirements.txt", None, &["python3", "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]),
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

/// The command to run in the app's folder; `None` when there is nothing to install.
pub(crate) fn command(install: &Install, folder: &Path) -> Option<Vec<String>> {
    match install {
        Install::None => None,
        Install::Command(words) => Some(words.clone()),
        Install::Auto => {
            let found = KINDS.iter().find(|kind| folder.join(kind.lock).is_file())?;
            let there = found.installed.is_some_and(|installed| folder.join(installed).exists());
            (!there).then(|| found.command.iter().map(|word| (*word).to_owned()).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_registries_are_found() {
        let text = "//registry.example/:_authToken=${REGISTRY_KEY}\nx: ${OTHER-none}\ny: $HOME ${}";
        assert_eq!(names_in(text), ["REGISTRY_KEY", "OTHER"]);
    }
}
