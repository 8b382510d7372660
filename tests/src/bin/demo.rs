//! `make demo`: a complete deployment on one machine. Everything is real except two things: AWS is an emulator on loopback,
//! and the token is signed with a key generated here instead of Bitbucket's.
#![allow(clippy::expect_used)]

use std::{
    ffi::OsString,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Instant,
};

use keyless_tests::{
    checkout,
    cloud::{Cloud, REGION, ROLE},
    secrets, step,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

const PARAMETER: &str = "/keyless/demo/greeting";
const STACK: &str = "KeylessGreeting";

const NEXT: &str = "
Where to go next:
  demo/bitbucket-pipelines.yml   the pipeline that was checked; break it and run `keyless lint demo`
  demo/app.js                    the app that was deployed
  pipe/README.md                 the pipe in your own pipeline
  README.md                      the command, the pre-commit hook and the page
";

fn main() -> ExitCode {
    let demo = Demo { printed: Arc::default(), stop: Stop::default() };
    demo.stop.listen();
    let started = Instant::now();
    match demo.run() {
        Ok(value) => {
            demo.say(&format!("Deployed, and read back through the API: {PARAMETER} = \"{value}\"\n"));
            let took = started.elapsed().as_secs_f64();
            demo.say(&format!("Took {took:.1} s in total. No AWS key was stored anywhere.\n{NEXT}"));
            ExitCode::SUCCESS
        }
        Err(failed) => {
            demo.say(&format!("\n✖ the demo failed: {failed}\n"));
            ExitCode::FAILURE
        }
    }
}

/// A run of the demo.
struct Demo {
    /// All output of the demo and its children.
    printed: Arc<Mutex<Vec<u8>>>,
    stop: Stop,
}

impl Demo {
    fn run(&self) -> Result<String, String> {
        self.say("keyless demo: from a pipeline file to a deployed stack, without a stored key\n\n");
        let app = checkout::root().join("demo");
        let place = checkout::scratch("demo");
        let account = "an AWS account on loopback: emulator, identity provider, role";
        let cloud = self.timed(account, || Ok(Cloud::start()))?;
        self.say(&format!("  role     {ROLE}\n  trusts   {}\n  subject  ", step::ISSUER));
        self.say(&format!("{}:{}:*\n\n", step::REPOSITORY_UUID, step::ENVIRONMENT_UUID));
        let token = self.timed("a step token, signed as Bitbucket signs them", || Ok(cloud.token()))?;

        self.timed("keyless lint demo/bitbucket-pipelines.yml", || {
            let mut lint = Command::new(checkout::binary("keyless"));
            self.show(lint.args(["lint", "demo/bitbucket-pipelines.yml"]).current_dir(checkout::root()))
        })?;
        for (what, variables) in [
            ("the pipe with COMMAND: bootstrap", [("COMMAND", "bootstrap"), ("STACKS", "")]),
            ("the pipe with COMMAND: deploy", [("COMMAND", "deploy"), ("STACKS", STACK)]),
        ] {
            self.timed(what, || {
                let mut pipe = Command::new(checkout::binary("keyless-pipe"));
                pipe.current_dir(&app).env_clear().envs(surroundings(place.path())).envs(step::variables(&app));
                pipe.env("AWS_ENDPOINT_URL", cloud.deployed.url()).env("AWS_ENDPOINT_URL_STS", cloud.sts.url());
                pipe.env("AWS_ROLE_ARN", ROLE).env("AWS_REGION", REGION).env("BITBUCKET_STEP_OIDC_TOKEN", &token);
                self.show(pipe.envs(variables))
            })?;
        }
        let value = cloud.api().parameter(PARAMETER).map_err(|error| format!("{PARAMETER} cannot be read: {error}"))?;
        self.timed("a search for the token and the keys in everything printed and left behind", || {
            self.search(&[token], &cloud, &[app.join("cdk.out"), place.path().to_owned()])
        })?;
        Ok(value)
    }

    /// Prints a string and records it.
    fn say(&self, text: &str) {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).extend(text.as_bytes());
        // Standard output was closed; there is nobody to tell.
        let _ = io::stdout().write_all(text.as_bytes());
    }

    fn timed<T>(&self, what: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        self.stop.check()?;
        self.say(&format!("── {what}\n"));
        let started = Instant::now();
        let done = work().map_err(|error| format!("{what}: {error}"))?;
        self.say(&format!("   {:.2} s\n\n", started.elapsed().as_secs_f64()));
        Ok(done)
    }

    /// Runs a command, prints its output and records it.
    fn show(&self, command: &mut Command) -> Result<(), String> {
        let program = Path::new(command.get_program()).display().to_string();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        self.stop.pass_on_to(Some(child.id()));
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            scope.spawn(|| stdout.map(|stream| self.copy(stream)));
            scope.spawn(|| stderr.map(|stream| self.copy(stream)));
        });
        let status = child.wait();
        self.stop.pass_on_to(None);
        self.stop.check()?;
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn copy(&self, mut stream: impl Read) {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            self.say(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    fn search(&self, tokens: &[String], cloud: &Cloud, folders: &[PathBuf]) -> Result<(), String> {
        let hidden = [tokens, &cloud.sts.issued()].concat();
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut leaks = secrets::in_text("the output", &printed, &hidden);
        leaks.extend(folders.iter().flat_map(|folder| secrets::below(folder, &hidden)));
        if let Some(leak) = leaks.first() {
            return Err(format!("found one in {}", leak.place));
        }
        self.say(&format!("   none of {} secrets in {} bytes and the files left\n", hidden.len(), printed.len()));
        Ok(())
    }
}

/// Ctrl-C and SIGTERM: passed to the running child; when it ends, the demo cleans up and fails.
#[derive(Clone, Default)]
struct Stop(Arc<Mutex<(bool, Option<u32>)>>);

impl Stop {
    fn listen(&self) {
        let stop = self.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(async {
                let mut terminate = signal(SignalKind::terminate()).expect("signals can be handled");
                let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be handled");
                loop {
                    tokio::select! {
                        _ = terminate.recv() => {}
                        _ = interrupt.recv() => {}
                    }
                    stop.raise();
                }
            });
        });
    }

    fn raise(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        if let Some(child) = state.1.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            // The child may have ended already.
            let _ = kill_process(child, Signal::TERM);
        }
    }

    fn pass_on_to(&self, child: Option<u32>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = child;
    }

    fn check(&self) -> Result<(), String> {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).0 {
            Err("stopped by a signal".to_owned())
        } else {
            Ok(())
        }
    }
}

/// The environment of a step's container: a PATH and an empty home.
fn surroundings(place: &Path) -> Vec<(OsString, OsString)> {
    let home = place.join("home");
    fs::create_dir_all(&home).expect("the checkout is writable");
    vec![
        ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
        ("HOME".into(), home.clone().into()),
        ("TMPDIR".into(), home.clone().into()),
        ("CDK_HOME".into(), home.join(".cdk").into()),
        // On an older Node, the AWS SDK in the CDK prints a warning on every run.
        ("NODE_NO_WARNINGS".into(), "1".into()),
    ]
}
