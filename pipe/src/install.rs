//! How the app's packages are installed: before there are credentials, so that no install script can read them.

use std::path::Path;

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
