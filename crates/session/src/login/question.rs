//! Asks package managers about their effective configuration.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{
    child::ChildEnvironment,
    package_managers::{Answer, PackageManager, Question, Registry, Sources},
};

/// How long a package manager may think. Corepack may download it first.
const LIMIT: Duration = Duration::from_secs(30);

/// Where package managers run.
pub(super) struct Place<'a> {
    /// The folder of the project.
    pub(super) folder: PathBuf,
    /// The home folder.
    pub(super) home: Option<&'a Path>,
    /// Their variables, with those that log them in.
    pub(super) variables: ChildEnvironment,
    /// The secret that no message may contain.
    pub(super) token: String,
}

/// What a package manager said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Where it takes packages from.
    Sources(Sources),
    /// It cannot be asked, and that is no surprise: there is no question, no such program, or no project.
    Nothing(String),
    /// It should have said something: why it did not.
    Failure(String),
}

/// A question whose commands run.
struct Asked {
    question: &'static Question,
    children: Vec<Child>,
    /// What to ask if it is not answered.
    rest: &'static [Question],
}

/// Asks all of them at the same time, each in its place.
pub(super) async fn ask(tools: &[(&PackageManager, Registry<'_>, Place<'_>)]) -> Vec<Said> {
    let asked: Vec<_> = tools.iter().map(|(tool, _, place)| place.start(tool.questions)).collect();
    let mut said = Vec::new();
    for (asked, (_, registry, place)) in asked.into_iter().zip(tools) {
        said.push(place.wait(asked, registry).await);
    }
    said
}

impl Place<'_> {
    /// Starts the commands of the first question whose program is installed.
    fn start(&self, questions: &'static [Question]) -> Result<Asked, Said> {
        let Some(first) = questions.first() else { return Err(Said::Nothing(String::new())) };
        for (index, question) in questions.iter().enumerate() {
            if question.project.is_some_and(|is_in_project| !is_in_project(&self.folder)) {
                return Err(Said::Nothing(format!("this folder is not in a project of {}", question.program)));
            }
            match question.commands.iter().map(|arguments| self.command(question.program, arguments).spawn()).collect()
            {
                Ok(children) => return Ok(Asked { question, children, rest: &questions[index + 1..] }),
                Err(error) if io::Error::kind(&error) == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Said::Failure(format!("cannot start `{}`: {error}", question.program))),
            }
        }
        Err(Said::Nothing(format!("`{}` is not on the PATH", first.program)))
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear().envs(self.variables.clone().into_variables());
        command.env_remove("FORCE_COLOR").env("NO_COLOR", "1").env("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Waits for the answer, and asks the next question if there is none.
    async fn wait(&self, asked: Result<Asked, Said>, registry: &Registry<'_>) -> Said {
        let mut asked = match asked {
            Ok(asked) => asked,
            Err(said) => return said,
        };
        loop {
            let failure = match self.printed(&mut asked).await {
                Ok(printed) => {
                    let answer = Answer { printed: &printed, registry, folder: &self.folder, home: self.home };
                    match (asked.question.read)(&answer) {
                        Some(sources) => return Said::Sources(sources),
                        None => format!("cannot read the output of `{}`", shown(asked.question)),
                    }
                }
                Err(failure) => failure,
            };
            match self.start(asked.rest) {
                Ok(next) => asked = next,
                Err(_) => return Said::Failure(failure),
            }
        }
    }

    /// What the commands of a question printed, or why one failed.
    async fn printed(&self, asked: &mut Asked) -> Result<Vec<String>, String> {
        let mut printed = Vec::new();
        for child in asked.children.drain(..) {
            let output = match timeout(LIMIT, child.wait_with_output()).await {
                Ok(Ok(output)) => output,
                Ok(Err(error)) => return Err(format!("`{}` failed: {error}", shown(asked.question))),
                Err(_) => return Err(format!("`{}` takes too long", shown(asked.question))),
            };
            if !output.status.success() {
                let said = [output.stderr, output.stdout].map(|said| String::from_utf8_lossy(&said).into_owned());
                let said = said.iter().find_map(|said| reason(said)).unwrap_or("no output").replace(&self.token, "***");
                return Err(format!("`{}` failed: {said}", shown(asked.question)));
            }
            printed.push(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Ok(printed)
    }
}

/// The first command of a question.
pub(super) fn shown(question: &Question) -> String {
    let arguments = question.commands.first().copied().unwrap_or_default();
    [&[question.program][..], arguments].concat().join(" ")
}

/// The line that says why a program failed: the first one, or the last one of a Python program.
fn reason(said: &str) -> Option<&str> {
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next()?;
    if first.starts_with("Traceback") { lines.next_back() } else { Some(first) }
}
