//! Commands that install the dependencies of a project.

use super::{Order, Path};
use crate::{
    script::{Invocation, Word},
    text::Span,
};

/// A command that installs the packages of a project into its `node_modules`.
#[derive(Clone, Debug)]
pub struct Install {
    /// `npm ci`, which removes `node_modules` first (<https://docs.npmjs.com/cli/commands/npm-ci>).
    pub clean: bool,
    /// The project's directory; `None` if it is unknown.
    pub directory: Option<Path>,
    /// Whether it runs in some runs only.
    pub conditional: bool,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// Subcommands that install, by package manager; `""` for none.
const MANAGERS: [(&str, &[&str]); 4] = [
    ("npm", &["install", "i", "add", "ci", "clean-install", "ic", "install-clean"]),
    ("yarn", &["", "install", "add"]),
    ("pnpm", &["install", "i", "add"]),
    ("bun", &["install", "i", "add"]),
];

/// Those of npm that remove `node_modules` first.
const CLEAN: [&str; 4] = ["ci", "clean-install", "ic", "install-clean"];

/// Options that name the project's directory.
const DIRECTORY: [&str; 4] = ["--prefix", "-C", "--dir", "--cwd"];

/// Options with which nothing is installed into `node_modules`.
const ELSEWHERE: [&str; 6] = ["-g", "--global", "--package-lock-only", "--lockfile-only", "--version", "--help"];

/// Whether an invocation installs: whether it is clean, and the directory that it names.
pub(super) fn recognize(invocation: &Invocation<'_>) -> Option<(bool, Option<Word>)> {
    let (_, subcommands) = MANAGERS.iter().find(|(program, _)| *program == invocation.program)?;
    if invocation.has_flag(&ELSEWHERE) {
        return None;
    }
    let mut words = invocation.arguments.iter();
    let mut subcommand = "";
    while let Some(word) = words.next() {
        let text = word.prefix();
        if DIRECTORY.contains(&text) {
            words.next();
        } else if !text.starts_with('-') {
            subcommand = text;
            // `yarn $COMMAND`
            if text.is_empty() {
                return None;
            }
            break;
        }
    }
    if !subcommands.contains(&subcommand) {
        return None;
    }
    let directory = DIRECTORY.iter().find_map(|option| invocation.option(option));
    Some((CLEAN.contains(&subcommand), directory))
}
