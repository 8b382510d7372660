//! Programs that run another command: of a package, of a virtual environment, or with credentials.

use super::Word;

/// A command that another program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run<'w> {
    /// What it is.
    pub kind: Kind,
    /// Its name as written, perhaps with a version: `aws-cdk@2`.
    pub command: String,
    /// The package that provides it, if an option names one: `npx --package=aws-cdk@2 cdk`.
    pub package: Option<String>,
    /// What follows its name.
    pub arguments: &'w [Word],
}

/// What a runner runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program.
    Program,
    /// A module of Python.
    Module,
    /// A script of the package, which may be named like a program: `npm run cdk`.
    Script,
    /// A script of the package, a program, or a subcommand of the runner: `yarn cdk`.
    Any,
}

use Kind::{Any, Module, Program, Script};

impl Run<'_> {
    /// The name of the program, without its folder and version. The name of a package with a scope is left whole.
    pub fn program(&self) -> &str {
        let version = self.command.char_indices().skip(1).find(|(_, letter)| *letter == '@');
        let name = version.map_or(self.command.as_str(), |(at, _)| &self.command[..at]);
        if name.starts_with('@') { name } else { name.rsplit('/').next().unwrap_or(name) }
    }
}

/// The runners, with the words between them and the command; `""` for none.
const RUNNERS: [(&str, &[(&str, Kind)]); 24] = [
    ("npx", &[("", Program)]),
    ("bunx", &[("", Program)]),
    ("pnpx", &[("", Program)]),
    ("uvx", &[("", Program)]),
    ("npm", &[("exec", Program), ("x", Program), ("run", Script), ("run-script", Script)]),
    ("yarn", &[("", Any), ("run", Script), ("dlx", Program), ("exec", Program)]),
    ("pnpm", &[("", Any), ("run", Script), ("dlx", Program), ("exec", Program)]),
    ("bun", &[("", Any), ("run", Script), ("x", Program)]),
    ("bundle", &[("exec", Program)]),
    ("pipenv", &[("run", Program)]),
    ("poetry", &[("run", Program)]),
    ("pdm", &[("run", Program)]),
    ("hatch", &[("run", Program)]),
    ("pipx", &[("run", Program)]),
    ("uv", &[("run", Program)]),
    ("keyless", &[("exec", Program)]),
    ("aws-vault", &[("exec", Program)]),
    ("chamber", &[("exec", Program)]),
    ("doppler", &[("run", Program)]),
    ("dotenv", &[("", Program)]),
    ("dotenvx", &[("run", Program)]),
    ("infisical", &[("run", Program)]),
    ("mise", &[("exec", Program), ("x", Program)]),
    ("op", &[("run", Program)]),
];

/// Runners whose own arguments end with `--`.
const WITH_DASHES: [&str; 9] =
    ["keyless", "aws-vault", "chamber", "doppler", "dotenv", "dotenvx", "infisical", "mise", "op"];

/// Options of runners that take the next argument as their value.
const VALUED: [&str; 12] = [
    "--prefix",
    "--cwd",
    "-C",
    "--dir",
    "--workspace",
    "-w",
    "--filter",
    "-F",
    "--with",
    "--python",
    "--directory",
    "--project",
];

/// How many runners may run each other.
const DEEPEST: usize = 8;

/// The commands that `npx`, `bundle exec`, `python -m`, `keyless exec` and the like run, from the outside in; nothing for
/// other programs.
pub fn runs<'w>(program: &str, arguments: &'w [Word]) -> impl Iterator<Item = Run<'w>> {
    std::iter::successors(run_by(program, arguments), |run| run_by(run.program(), run.arguments)).take(DEEPEST)
}

fn run_by<'w>(program: &str, arguments: &'w [Word]) -> Option<Run<'w>> {
    if program.starts_with("python") {
        let at = arguments.iter().position(|word| word.prefix() == "-m")?;
        let command = arguments.get(at + 1)?.to_literal()?;
        return Some(Run { kind: Module, command, package: None, arguments: arguments.get(at + 2..)? });
    }
    let (_, between) = RUNNERS.iter().find(|(runner, _)| *runner == program)?;
    let kind_after = |word: &str| between.iter().find(|(other, _)| *other == word).map(|(_, kind)| *kind);
    let mut kind = kind_after("");
    let mut entered = false;
    let mut package = None;
    let mut rest = arguments;
    while let Some((first, after)) = rest.split_first() {
        let text = first.literal()?;
        rest = after;
        if let Some(named) = text.strip_prefix("--package=") {
            package = Some(named.to_owned());
        } else if matches!(&*text, "-p" | "--package") {
            package = rest.first().and_then(Word::to_literal);
            rest = rest.get(1..)?;
        } else if text.starts_with('-') {
            rest = rest.get(usize::from(VALUED.contains(&&*text))..)?;
        } else if let Some(next) = kind_after(&text).filter(|_| !entered) {
            kind = Some(next);
            entered = true;
            if WITH_DASHES.contains(&program) {
                rest = after_dashes(rest);
            }
        } else if text == "workspace" && program == "yarn" && !entered {
            rest = rest.get(1..)?;
        } else {
            return Some(Run { kind: kind?, command: text.into_owned(), package, arguments: rest });
        }
    }
    None
}

/// What follows `--`, or all if there is none.
fn after_dashes(words: &[Word]) -> &[Word] {
    let at = words.iter().position(|word| word.literal().as_deref() == Some("--"));
    at.map_or(words, |at| &words[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::runs;
    use crate::script::Script;

    #[test]
    fn commands_are_read_through_runners() {
        let mut wrong = Vec::new();
        for (text, expected) in [
            ("npx cdk deploy", "Program cdk - 1"),
            ("npx --yes aws-cdk@2 deploy --all", "Program aws-cdk@2 - 2"),
            ("npx -p aws-cdk@2 cdk deploy", "Program cdk aws-cdk@2 1"),
            ("npm --prefix infra exec -- cdk deploy", "Program cdk - 1"),
            ("npm run build -- --prod", "Script build - 2"),
            ("npm ci", "-"),
            ("yarn cdk deploy", "Any cdk - 1"),
            ("yarn workspace infra cdk deploy", "Any cdk - 1"),
            ("yarn dlx aws-cdk@2 deploy", "Program aws-cdk@2 - 1"),
            ("pnpm --filter infra exec cdk deploy", "Program cdk - 1"),
            ("bundle exec rspec", "Program rspec - 0"),
            ("poetry run aws s3 ls", "Program aws - 2"),
            ("uv run --with boto3 deploy.py", "Program deploy.py - 0"),
            ("python3 -m pytest -q", "Module pytest - 1"),
            ("keyless exec --debug --region eu-west-1 -- npx cdk deploy", "Program npx - 2"),
            ("keyless exec cdk deploy", "Program cdk - 1"),
            ("doppler run --project shop -- npm test", "Program npm - 1"),
            ("npx $PACKAGE deploy", "-"),
            ("npm", "-"),
            ("make test", "-"),
        ] {
            let script = Script::parse([text]);
            let invocation = script.commands[0].invocation().unwrap();
            let run = runs(&invocation.program, invocation.arguments).next();
            let read = run.map_or("-".to_owned(), |run| {
                let package = run.package.as_deref().unwrap_or("-");
                format!("{:?} {} {package} {}", run.kind, run.command, run.arguments.len())
            });
            if read != expected {
                wrong.push(format!("{text}: {read}, not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
