//! Runs of the pipe's binary as Bitbucket runs it: with the step's variables and nothing else from the environment.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::{
    checkout,
    cloud::{Cloud, REGION, ROLE},
    secrets, step,
};

/// A place for one or more runs: the clone with the demo app, a home, and nothing else.
#[derive(Debug)]
pub struct Workplace {
    folder: TempDir,
}

/// The output and exit code of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// What a script for the CDK does when it has to synthesize.
pub const SYNTHESIS: &str = "
if (process.argv.includes('--output') && ['synth', 'list'].includes(process.argv[2])) {
    const { mkdirSync, writeFileSync } = require('node:fs');
    mkdirSync('cdk.out', { recursive: true });
    const stack = { type: 'aws:cloudformation:stack', environment: 'aws://unknown-account/unknown-region',
        properties: { templateFile: 'Shop.template.json' } };
    writeFileSync('cdk.out/Shop.template.json', '{}');
    writeFileSync('cdk.out/manifest.json', JSON.stringify({ version: '50.0.0', artifacts: { Shop: stack } }));
    process.exit();
}";

impl Workplace {
    /// A new one with a copy of the demo app in its clone.
    ///
    /// # Panics
    /// When the checkout cannot be written to.
    pub fn with_demo_app() -> Self {
        let workplace = Self::empty();
        checkout::copy_demo_app(&workplace.clone_folder());
        workplace
    }

    /// A new one with an empty clone.
    ///
    /// # Panics
    /// When the checkout cannot be written to.
    pub fn empty() -> Self {
        let folder = checkout::scratch("run");
        for name in ["clone", "home", "tmp"] {
            fs::create_dir(folder.path().join(name)).expect("the scratch folder is writable");
        }
        Self { folder }
    }

    /// The only folder that runs may write to.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The clone, which is the working directory.
    pub fn clone_folder(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    /// Replaces the CDK CLI with a script, to see what the CDK receives. Its synthesis creates an assembly with an empty stack; the
    /// script is for the command after that.
    ///
    /// # Panics
    /// When the scratch folder cannot be written to.
    pub fn with_script_for_cdk(script: &str) -> Self {
        let workplace = Self::empty();
        let clone = workplace.clone_folder();
        let bin = clone.join("node_modules/aws-cdk/bin");
        fs::create_dir_all(&bin).expect("the scratch folder is writable");
        let script = format!("#!/usr/bin/env node\n{SYNTHESIS}\n{script}");
        fs::write(bin.join("cdk"), script).expect("the scratch folder is writable");
        fs::write(clone.join("cdk.json"), "{}").expect("the scratch folder is writable");
        workplace
    }

    /// The pipe, ready to run with all of the step's variables except the token.
    pub fn pipe(&self, cloud: &Cloud) -> Command {
        self.step(cloud, "keyless-pipe")
    }

    /// Any of our binaries, ready to run with all of the step's variables except the token.
    pub fn step(&self, cloud: &Cloud, binary: &str) -> Command {
        let mut command = Command::new(checkout::shipped_binary(binary));
        command
            .current_dir(self.clone_folder())
            .stdin(Stdio::null())
            .env_clear()
            .envs(env::vars_os().filter(|(name, _)| name == "PATH" || name == checkout::TEST_IMAGE))
            .env("HOME", self.folder.path().join("home"))
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("CDK_HOME", self.folder.path().join("home/.cdk"))
            .env("AWS_ENDPOINT_URL", cloud.deployed.url())
            .env("AWS_ENDPOINT_URL_STS", cloud.sts.url())
            .env("AWS_ROLE_ARN", ROLE)
            .env("AWS_REGION", REGION)
            .envs(step::variables(&self.clone_folder()));
        command
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Finished {
    /// The pipe's own lines, with times and durations replaced, because they differ between runs.
    pub fn own_lines(&self) -> Vec<String> {
        let is_own = |line: &&str| line.starts_with(['▶', '✔', '✖', '!']) || line.starts_with("  ");
        let lines = self.stdout.lines().chain(self.stderr.lines()).filter(is_own);
        lines.map(without_times).collect()
    }
}

/// Replaces times of day, durations and Unix times with placeholders.
pub fn without_times(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |word: &str| word.trim_start_matches('(').parse::<f64>().is_ok();
    let unit =
        |word: Option<&&str>| word.is_some_and(|word| matches!(word.trim_end_matches([')', ',']), "s" | "min" | "h"));
    let mut out: Vec<String> = Vec::new();
    let mut index = 0;
    while let Some(word) = words.get(index) {
        let next = words.get(index + 1);
        if number(word) && unit(next) {
            let duration = if word.starts_with('(') { "(<duration>" } else { "<duration>" };
            if out.last().is_none_or(|last| last != duration) {
                out.push(duration.to_owned());
            }
            let tail = next.map_or("", |next| next.trim_start_matches(char::is_alphabetic));
            if let Some(last) = out.last_mut() {
                last.push_str(tail);
            }
            index += 2;
        } else if word.len() == 5 && word.as_bytes()[2] == b':' && next.is_some_and(|next| next.starts_with("UTC")) {
            out.push("<time>".to_owned());
            index += 1;
        } else {
            out.push((*word).to_owned());
            index += 1;
        }
    }
    out.join(" ")
}

/// Runs a command to its end, and searches its output and its workplace for every known secret.
///
/// # Panics
/// When it cannot be started, or a secret is found.
pub fn finish(command: &mut Command) -> Finished {
    let finished = finish_with_secrets(command);
    search(&finished, command.get_current_dir().and_then(Path::parent));
    finished
}

/// Searches a run's output and workplace for every known secret.
fn search(finished: &Finished, workplace: Option<&Path>) {
    let known = secrets::known();
    let mut leaks = secrets::in_text("standard output", finished.stdout.as_bytes(), &known);
    leaks.extend(secrets::in_text("standard error", finished.stderr.as_bytes(), &known));
    leaks.extend(workplace.iter().filter(|folder| folder.is_dir()).flat_map(|folder| secrets::below(folder, &known)));
    assert_eq!(leaks, [], "a secret was printed or left behind");
}

/// The same command with no more capabilities than a container has by default, which let a process read others.
///
/// # Panics
/// When the command has no working directory.
pub fn as_in_a_container(command: &Command) -> Command {
    const DROPPED: &str = "-sys_ptrace,-sys_admin,-perfmon";
    let mut words = vec![command.get_program().to_owned()];
    // Only root has them.
    let is_root = fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"));
    if is_root && env::var_os(checkout::TEST_IMAGE).is_none() {
        let options = [format!("--bounding-set={DROPPED}"), format!("--inh-caps={DROPPED}")];
        words.splice(0..0, ["setpriv".into()].into_iter().chain(options.map(Into::into)));
    }
    let mut changed = Command::new(&words[0]);
    changed.args(&words[1..]).args(command.get_args()).env_clear();
    changed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    changed.current_dir(command.get_current_dir().expect("the clone"));
    changed
}

/// A variable that every process of a run inherits, with a unique value.
pub const MARK: &str = "KEYLESS_TESTS_RUN";

/// Processes with [`MARK`] set to the workplace's folder that are still alive.
///
/// # Panics
/// When there is no `/proc`.
pub fn alive(workplace: &Workplace) -> Vec<String> {
    let mark = format!("{MARK}={}", workplace.folder().display());
    let marked = |process: &fs::DirEntry| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let processes = fs::read_dir("/proc").expect("this is Linux").flatten();
    processes.filter(marked).map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}

/// A run in the background.
#[derive(Debug)]
pub struct Running {
    child: Child,
    workplace: PathBuf,
}

impl Running {
    /// Starts a command in a workplace, with its output redirected to files there.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command, workplace: &Workplace) -> Self {
        let workplace = workplace.folder().to_owned();
        let file = |name| fs::File::create(workplace.join(name)).expect("the scratch folder is writable");
        let child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().expect("the binary starts");
        Self { child, workplace }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output so far.
    pub fn printed(&self) -> String {
        self.read("stdout")
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.workplace.join(name)).unwrap_or_default()).into_owned()
    }

    /// Waits for its end, and searches its output and its workplace for every known secret.
    ///
    /// # Panics
    /// When a secret is found.
    pub fn finish(mut self) -> Finished {
        let code = self.child.wait().expect("a child can be waited for").code();
        let finished = Finished { code, stdout: self.read("stdout"), stderr: self.read("stderr") };
        search(&finished, Some(&self.workplace));
        finished
    }
}

/// Runs a command that is meant to print secrets to its end.
///
/// # Panics
/// When it cannot be started.
pub fn finish_with_secrets(command: &mut Command) -> Finished {
    command.output().expect("the binary starts").into()
}
