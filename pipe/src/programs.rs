//! The programs that a run needs, searched for before there is a session, and the variants of the image that have them.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
};

use keyless_core::script::{Script, Word};
use keyless_session::child::find_program;

/// The variants of the image, from the smallest, and programs that it adds: those that apps, package managers and commands
/// need. `docker` and `python` have everything that `full` has, too.
pub const VARIANTS: [(&str, &[&str]); 4] = [
    ("small", &["cdk", "env", "keyless", "node", "sh"]),
    ("full", &["bash", "corepack", "git", "npm", "npx", "pnpm", "pnpx", "tar", "yarn", "yarnpkg"]),
    ("docker", &["docker"]),
    ("python", &["pip", "pip3", "python3", "uv", "uvx"]),
];

/// Programs that no package of npm or Python brings along.
const OF_A_SYSTEM: [&str; 18] = [
    "bash", "cargo", "docker", "dotnet", "git", "go", "gradle", "java", "make", "mvn", "node", "npm", "npx", "pip",
    "python", "python3", "ruby", "sh",
];

/// Words of the shell itself, after which the next commands are read on.
const BUILTIN: [&str; 18] = [
    ":", "[", "alias", "cd", "echo", "exit", "export", "false", "printf", "pwd", "read", "set", "test", "trap", "true",
    "ulimit", "umask", "unset",
];

/// What a program is needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// To synthesize the app: where its command is set.
    App(&'static str),
    /// To install the packages of this lock file.
    Packages(&'static str),
    /// `INSTALL` runs it.
    Install,
    /// `EXTRA_ARGS` runs it, with `COMMAND: exec`.
    Command,
    /// It fetches the CDK CLI.
    CdkVersion,
}

/// A program that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct MissingProgram {
    /// The program as it is called.
    pub program: String,
    /// What it is needed for.
    pub need: Need,
}

impl fmt::Display for MissingProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, need } = self;
        if program.contains('/') {
            write!(f, "`{program}` is not an executable file, and ")?;
        } else {
            write!(f, "`{program}` is not on the PATH, and ")?;
        }
        match need {
            Need::App(source) => write!(f, "{source} runs it; ")?,
            Need::Packages(lock) => write!(f, "{lock} needs it; ")?,
            Need::Install => f.write_str("INSTALL runs it; ")?,
            Need::Command => f.write_str("EXTRA_ARGS runs it; ")?,
            Need::CdkVersion => f.write_str("CDK_VERSION fetches the CDK CLI with it; ")?,
        }
        let alternative = match need {
            Need::Packages(lock) if lock.starts_with("bun.") => {
                "name its version in `packageManager` of package.json, install the packages before the pipe, or set INSTALL to a \
                 command that does"
            }
            Need::App(_) => {
                "synthesize the app in a step whose image has it, and deploy the assembly with `APP: cdk.out`"
            }
            Need::Packages(_) => "install the packages before the pipe, or set INSTALL to a command that does",
            Need::Install => "install the packages before the pipe",
            Need::Command => "run it with `keyless exec` in a step whose image has it",
            Need::CdkVersion => "add `aws-cdk` to the app's devDependencies",
        };
        match variant(program) {
            Some(variant) => write!(f, "use the `{variant}` variant of the pipe's image, or {alternative}"),
            None if program.contains('/') => write!(f, "check the path, which starts at WORKING_DIRECTORY"),
            None => write!(f, "no variant of the pipe's image has it: {alternative}"),
        }
    }
}

/// The smallest variant with a program.
fn variant(program: &str) -> Option<&'static str> {
    VARIANTS.iter().find(|(_, programs)| programs.contains(&program)).map(|(variant, _)| *variant)
}

/// Where programs are searched for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    /// The folder in which they run.
    pub folder: &'a Path,
    /// The PATH.
    pub path: &'a OsStr,
}

impl Search<'_> {
    /// The file of a program.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        find_program(OsStr::new(program), self.folder, self.path)
    }

    /// The program of a command line, if it is missing.
    pub(crate) fn missing(&self, words: &[String], need: Need) -> Option<MissingProgram> {
        let program = words.first().filter(|program| self.find(program).is_none())?;
        Some(MissingProgram { program: program.clone(), need })
    }

    /// The first missing program of an app's command. `pending` says that packages are still to be installed, which may bring
    /// any program that does not belong to a system.
    pub(crate) fn missing_for_app(&self, command: &str, source: &'static str, pending: bool) -> Option<MissingProgram> {
        let is_certain = |program: &String| !pending || OF_A_SYSTEM.contains(&program.as_str());
        let program = programs(command)
            .into_iter()
            // What an app has at a relative path may be built first.
            .filter(|program| !program.contains('/') && is_certain(program))
            .find(|program| self.find(program).is_none())?;
        Some(MissingProgram { program, need: Need::App(source) })
    }
}

/// The programs that a command line for the shell is certain to start, in order, as far as they are known: nothing is known
/// after a command that may change where programs are found.
fn programs(line: &str) -> Vec<String> {
    let script = Script::parse([line]);
    let mut programs = Vec::new();
    if !script.unparsed.is_empty() {
        return programs;
    }
    for command in script.commands.iter().filter(|command| !command.context.conditional) {
        if command.assignments.iter().any(|assignment| assignment.name == "PATH") {
            break;
        }
        let Some(invocation) = command.invocation() else { continue };
        if matches!(&*invocation.path, "." | "source" | "eval") {
            break;
        }
        let mut given = invocation.arguments.iter().map(Word::prefix);
        if invocation.environment.iter().any(|assignment| assignment.name == "PATH")
            || (invocation.program == "export" && given.any(|word| word.starts_with("PATH=")))
        {
            break;
        }
        if !BUILTIN.contains(&&*invocation.path) {
            programs.push(invocation.path.into_owned());
        }
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_a_command_line() {
        for (line, expected) in [
            ("python3 app.py", "python3"),
            ("npx ts-node --prefer-ts-exts bin/app.ts", "npx"),
            ("STAGE=prod node app.js", "node"),
            ("env STAGE=prod node app.js", "node"),
            ("go mod download && go run app.go", "go go"),
            ("cd infra && python3 app.py", "python3"),
            ("npm run build; node 'my app.js'", "npm node"),
            ("sh -c 'mvn -q compile && java App'", "sh mvn java"),
            (". .venv/bin/activate && python app.py", ""),
            ("export PATH=$PWD/bin:$PATH && tool", ""),
            ("PATH=bin:$PATH tool", ""),
            ("$RUNNER app.py", ""),
            ("python3 app.py || python app.py", "python3"),
            ("test -d dist || npm run build", ""),
            ("./gradlew -q run", "./gradlew"),
            ("if [ -f a ]; then x; fi", ""),
            ("node 'unclosed", ""),
            ("", ""),
        ] {
            assert_eq!(programs(line).join(" "), expected, "{line}");
        }
    }

    #[test]
    fn a_missing_program_comes_with_the_variant_that_has_it() {
        for (program, need, expected) in [
            (
                "python3",
                Need::App("`app` in cdk.json"),
                "`python3` is not on the PATH, and `app` in cdk.json runs it; use the `python` variant of the pipe's image, or \
                 synthesize the app in a step whose image has it, and deploy the assembly with `APP: cdk.out`",
            ),
            (
                "aws",
                Need::Command,
                "`aws` is not on the PATH, and EXTRA_ARGS runs it; no variant of the pipe's image has it: run it with `keyless \
                 exec` in a step whose image has it",
            ),
            (
                "./deploy.sh",
                Need::Command,
                "`./deploy.sh` is not an executable file, and EXTRA_ARGS runs it; check the path, which starts at \
                 WORKING_DIRECTORY",
            ),
        ] {
            assert_eq!(MissingProgram { program: program.to_owned(), need }.to_string(), expected);
        }
    }

    #[test]
    fn packages_may_bring_other_programs_than_a_systems() {
        let search = Search { folder: Path::new("/nonexistent"), path: OsStr::new("") };
        let missing = |line: &str, pending: bool| {
            search.missing_for_app(line, "APP", pending).map(|missing| missing.program).unwrap_or_default()
        };
        assert_eq!(missing("ts-node app.ts", true), "");
        assert_eq!(missing("ts-node app.ts", false), "ts-node");
        assert_eq!(missing("python3 app.py", true), "python3");
        assert_eq!(missing("bin/app", false), "");
    }
}
