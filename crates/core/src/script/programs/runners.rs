//! Programs that run a command of an installed package.

use super::plain;
use crate::script::Word;

/// Programs that run a command of a package, with the words between them and the command; `""` for none.
const RUNNERS: [(&str, &[&str]); 12] = [
    ("npx", &[""]),
    ("bunx", &[""]),
    ("pnpx", &[""]),
    ("uvx", &[""]),
    ("npm", &["exec", "x", "run", "run-script"]),
    ("yarn", &["", "run", "dlx", "exec"]),
    ("pnpm", &["", "run", "dlx", "exec"]),
    ("bun", &["", "run", "x"]),
    ("bundle", &["exec"]),
    ("pipenv", &["run"]),
    ("poetry", &["run"]),
    ("uv", &["run"]),
];

/// Options of runners that take the next argument as their value.
const VALUED: [&str; 9] = ["-p", "--package", "--prefix", "--cwd", "-C", "--dir", "--workspace", "-w", "--filter"];

/// The command that `npx`, `bundle exec`, `python -m` and the like run, with its arguments; `None` for other programs, and
/// for the scripts of a package, whose names say nothing certain.
pub(super) fn run_by<'w>(program: &str, arguments: &'w [Word]) -> Option<(&'w str, &'w [Word])> {
    if program.starts_with("python") {
        let at = arguments.iter().position(|word| word.prefix() == "-m")?;
        return Some((arguments.get(at + 1).and_then(plain)?, arguments.get(at + 2..)?));
    }
    let (_, between) = RUNNERS.iter().find(|(runner, _)| *runner == program)?;
    let mut at = 0;
    let mut entered = between.contains(&"");
    while let Some(word) = arguments.get(at) {
        at += 1;
        let text = word.prefix();
        if text.starts_with('-') {
            at += usize::from(VALUED.contains(&text));
        } else if matches!(text, "run" | "run-script") && matches!(program, "npm" | "yarn" | "pnpm" | "bun") {
            return None;
        } else if between.contains(&text) && !entered || matches!(text, "exec" | "dlx") {
            entered = true;
        } else {
            return entered.then(|| Some((plain(word)?, arguments.get(at..)?))).flatten();
        }
    }
    None
}
