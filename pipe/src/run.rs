//! One run of the pipe: settings, token, packages, session, credentials, CDK, summary.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io, mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use keyless_aws::{CredentialsEndpoint, Environment, Handover, Network, Session};
use keyless_core::oidc::{Mismatch, StepToken, check};
use tokio::process::Command as Process;

use crate::{
    cdk::{self, changes::Changes, story::Story},
    child::{self, Signals},
    endpoints::network,
    failure::{Failure, report},
    insights, install, log,
    mistake::Mistake,
    output::Listener,
    outputs::{Outputs, OutputsError, OutputsFolder, VARIABLES_PATH},
    packages::Login,
    project::Project,
    session::{Assumer, SessionError},
    settings::{Command, Credentials, Install, Report, SessionSettings, Settings, is_setting},
    step::Step,
    summary,
};

/// The variables of a process.
pub type Variables = BTreeMap<OsString, OsString>;

/// Runs the pipe with a process's variables and returns the exit code. Whatever fails is in the log by then.
pub async fn run(environment: Variables) -> u8 {
    let outcome = match Signals::listen() {
        Ok(mut signals) => match prepare(&environment) {
            Ok((settings, token, project, network)) => {
                let job = Job { settings: &settings, token: &token, project: &project, network, environment };
                job.run(&mut signals).await
            }
            Err(mistakes) => Err(Failure::Mistakes(mistakes)),
        },
        Err(error) => Err(Failure::Start("the signal handlers".to_owned(), error)),
    };
    outcome.unwrap_or_else(|failure| report(&failure))
}

/// Everything that can be known before the first call.
fn prepare(environment: &Variables) -> Result<(Settings, StepToken, Project, Network), Vec<Mistake>> {
    let (place, settings) = Settings::read(environment);
    let mut mistakes = Vec::new();
    let settings = settings.map_err(|found| mistakes.extend(found)).ok();
    let token = usable_token(environment).map_err(|mistake| mistakes.push(mistake)).ok();
    let path = environment.get(&OsString::from("PATH")).cloned().unwrap_or_default();
    let cdk_version = settings.as_ref().and_then(|settings| settings.cdk_version.as_deref());
    let installs = settings.as_ref().is_some_and(|settings| settings.install != Install::None);
    let project = Project::find(&place, cdk_version, installs, &path).map_err(|found| mistakes.extend(found)).ok();
    let network = network(environment).map_err(|mistake| mistakes.push(mistake)).ok();
    match (settings, token, project, network) {
        (Some(settings), Some(token), Some(project), Some(network)) => Ok((settings, token, project, network)),
        _ => Err(mistakes),
    }
}

/// The step's token, unless AWS is sure to refuse it. What else does not fit is said, and left to AWS.
///
/// # Errors
/// What is wrong with it.
pub fn usable_token(environment: &Variables) -> Result<StepToken, Mistake> {
    let step = Step::new(environment);
    let token = step.token()?;
    let mut mismatches = check(token.claims(), &step.expectations(now()));
    if let Some(fatal) = mismatches.iter().position(Mismatch::is_fatal) {
        return Err(Mistake::Unusable(mismatches.swap_remove(fatal)));
    }
    mismatches.iter().for_each(log::warning);
    Ok(token)
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Variables that become options of the CDK without anyone asking: it reads `CDK_X_Y` as `--x-y`.
fn stray_options(environment: &Variables) -> impl Iterator<Item = (&str, String)> {
    const NO_OPTIONS: [&str; 5] = ["CDK_HOME", "CDK_DOCKER", "CDK_DISABLE_", "CDK_DEFAULT_", "CDK_ROLE_SESSION_NAME"];
    let names = environment.keys().filter_map(|name| name.to_str());
    names.filter(|name| !is_setting(name) && !NO_OPTIONS.iter().any(|known| name.starts_with(known))).filter_map(
        |name| {
            let option = name.strip_prefix("CDK_")?.to_lowercase().replace('_', "-");
            Some((name, format!("--{option}")))
        },
    )
}

struct Job<'a> {
    settings: &'a Settings,
    token: &'a StepToken,
    project: &'a Project,
    network: Network,
    environment: Variables,
}

impl Job<'_> {
    async fn run(self, signals: &mut Signals) -> Result<u8, Failure> {
        let session_settings = &self.settings.session;
        let assumer = Assumer::new(session_settings, self.token, &self.environment, &self.network);
        // Packages are installed without credentials, unless they come from CodeArtifact.
        if session_settings.packages.is_none() {
            self.install(signals, None).await?;
        }
        let session = session(&assumer, session_settings, signals).await?;
        let login = tokio::select! {
            login = log_in(session_settings, &session, &self.environment, &self.network) => login?,
            signal = signals.next() => return Err(Failure::Stopped(signal)),
        };
        if login.is_some() {
            self.install(signals, login.as_ref()).await?;
        }
        let endpoint = match session_settings.credentials {
            Credentials::Endpoint => {
                Some(CredentialsEndpoint::start(session.clone()).await.map_err(Failure::Endpoint)?)
            }
            Credentials::Environment => None,
        };
        let handover = endpoint.as_ref().map_or(Handover::Environment(&session), Handover::Endpoint);
        let (mut command, program) = self.command(handover, &assumer);
        login.iter().flat_map(Login::variables).for_each(|(name, value)| {
            command.env(name, value);
        });
        let outputs = self.writes_outputs().then(OutputsFolder::new).transpose().map_err(Failure::Folder)?;
        if let Some(folder) = &outputs {
            command.arg("--outputs-file").arg(folder.file());
        }
        let story = Arc::new(Mutex::new(Story::default()));
        let listener: Listener = if self.settings.place.command == Command::Exec {
            Arc::new(Mutex::new(|_: &str| {}))
        } else {
            let story = Arc::clone(&story);
            Arc::new(Mutex::new(move |line: &str| story.lock().unwrap_or_else(PoisonError::into_inner).line(line)))
        };
        let started = Instant::now();
        let status = tokio::select! {
            status = child::run(&mut command, signals, listener) => status,
            () = renewal(&assumer, endpoint.as_ref(), session.expires) => Err(io::ErrorKind::Other.into()),
        };
        let status = status.map_err(|error| Failure::Start(program, error))?;
        let (code, took) = (child::exit_code(status), started.elapsed());
        let what = self.settings.place.command;
        let story = mem::take(&mut *story.lock().unwrap_or_else(PoisonError::into_inner));
        let outputs = outputs.map(|folder| folder.read()).unwrap_or_default();
        summary::show(what, &story, &outputs);
        if what == Command::Diff {
            self.report(story.changes()).await;
        }
        if code != 0 {
            summary::failed(what, &story, code, took);
            return Ok(code);
        }
        self.keep(&outputs).map_err(Failure::Outputs)?;
        log::success(format_args!("{} done in {}", what.name(), log::duration(took)));
        Ok(code)
    }

    /// Whether the CDK is asked for the outputs; a person who names a file of their own keeps theirs.
    fn writes_outputs(&self) -> bool {
        let own = |word: &String| word.starts_with("--outputs-file") || word.starts_with("-O");
        self.settings.place.command == Command::Deploy && !self.settings.extra_args.iter().any(own)
    }

    /// Writes the outputs where they are wanted.
    fn keep(&self, outputs: &Outputs) -> Result<(), OutputsError> {
        if let Some(file) = &self.settings.outputs_file {
            outputs.write(&self.project.folder.join(file))?;
            log::success(format_args!("outputs written to {}", file.display()));
        }
        let variables = self.environment.get(&OsString::from(VARIABLES_PATH)).filter(|path| !path.is_empty());
        if let Some(path) = variables.filter(|_| outputs.iter().next().is_some()) {
            match outputs.pass_on(Path::new(path)) {
                Ok(passed_on) => {
                    passed_on.left_out.iter().for_each(|left_out| {
                        log::warning(format_args!("not passed on to later steps: {left_out}"));
                    });
                    let names = passed_on.names.join(", ");
                    log::success(format_args!("for later steps, when listed under `output-variables`: {names}"));
                }
                // Most steps pass nothing on: only those that list a name would miss it.
                Err(error) => log::warning(error),
            }
        }
        Ok(())
    }

    /// Reports a complete diff to Bitbucket. A report that cannot be posted is no reason to fail.
    async fn report(&self, changes: &Changes) {
        let Settings { session, place, stacks, context, .. } = self.settings;
        let step = Step::new(&self.environment);
        let proxy = match &self.settings.report {
            Report::Off => return,
            Report::Through(proxy) => proxy,
            Report::On if step.is_in_a_pipe() => insights::PROXY_OF_A_PIPE,
            Report::On => insights::PROXY,
        };
        let Some(build) = step.build().filter(|_| changes.is_complete()) else { return };
        let target = format!("{} in {}", session.last_role().account(), session.region);
        let folder = place.working_directory.display().to_string();
        let parts = [&[folder][..], place.app.as_slice(), stacks, context].concat();
        match insights::Report::new(changes, &target, &parts, &build).post(&build, proxy).await {
            Ok(()) => log::success(format_args!("changes reported on commit {}", build.commit)),
            Err(error) => log::warning(format_args!("the changes could not be reported to Bitbucket: {error}")),
        }
    }

    /// Installs the app's packages, without a session and without the step's token.
    async fn install(&self, signals: &mut Signals, login: Option<&Login>) -> Result<(), Failure> {
        let Some(words) = install::command(&self.settings.install, &self.project.folder) else { return Ok(()) };
        if self.settings.place.command == Command::Exec || words.is_empty() {
            return Ok(());
        }
        log::start(shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default());
        let started = Instant::now();
        let mut command = Process::new(&words[0]);
        command.args(&words[1..]).current_dir(&self.project.folder);
        command.env_clear().envs(self.scrubbed().into_variables());
        command.envs(login.into_iter().flat_map(Login::variables));
        let quiet: Listener = Arc::new(Mutex::new(|_: &str| {}));
        let status =
            child::run(&mut command, signals, quiet).await.map_err(|error| Failure::Start(words[0].clone(), error))?;
        if !status.success() {
            return Err(Failure::Install(child::exit_code(status)));
        }
        log::success(format_args!("packages installed in {}", log::duration(started.elapsed())));
        Ok(())
    }

    /// The pipe's own variables without its settings and without credentials.
    fn scrubbed(&self) -> Environment {
        let ours = |name: &OsString| name.to_str().is_some_and(is_setting);
        let kept = self.environment.iter().filter(|(name, _)| !ours(name));
        Environment::scrubbed(kept.map(|(name, value)| (name.clone(), value.clone())))
    }

    /// The child, ready to start, and its name for messages.
    fn command(&self, handover: Handover<'_>, assumer: &Assumer<'_>) -> (Process, String) {
        let Settings { session, place, extra_args, .. } = self.settings;
        let mut variables = self.scrubbed();
        variables.hand_over(handover, &session.region);
        let (mut command, program, arguments) = if place.command == Command::Exec {
            let arguments = extra_args.get(1..).unwrap_or_default().to_vec();
            let program = extra_args.first().cloned().unwrap_or_default();
            log::start(shlex::try_join(extra_args.iter().map(String::as_str)).unwrap_or_default());
            (Process::new(&program), program, arguments)
        } else {
            for (name, option) in stray_options(&self.environment) {
                log::warning(format_args!("{name} is set, and the CDK reads it as its option {option}"));
            }
            variables
                .set("CI", "true")
                .set("CDK_DISABLE_CLI_TELEMETRY", "true")
                .set_default("CDK_ROLE_SESSION_NAME", assumer.name().as_str());
            let arguments = cdk::arguments(self.settings, session.last_role().account());
            let cli = &self.project.cdk;
            let shown = shlex::try_join(arguments.iter().map(String::as_str)).unwrap_or_default();
            log::start(format_args!("cdk {shown} ({cli})"));
            (cli.process(&self.project.node), "the CDK".to_owned(), arguments)
        };
        command.args(arguments).current_dir(&self.project.folder).env_clear().envs(variables.into_variables());
        (command, program)
    }
}

/// Assumes the role, unless a signal comes first, and explains it when AWS refuses.
///
/// # Errors
/// [`Failure::Session`], [`Failure::Stopped`]
pub async fn session(
    assumer: &Assumer<'_>,
    settings: &SessionSettings,
    signals: &mut Signals,
) -> Result<Session, Failure> {
    let outcome = tokio::select! {
        outcome = verified_session(assumer, settings) => outcome,
        signal = signals.next() => return Err(Failure::Stopped(signal)),
    };
    match outcome {
        Ok(session) => Ok(session),
        Err(error) => {
            let help = assumer.explain(&error).await;
            Err(Failure::Session(error, help))
        }
    }
}

/// Assumes the role, and asks AWS who the session is before anything is changed.
async fn verified_session(assumer: &Assumer<'_>, settings: &SessionSettings) -> Result<Session, SessionError> {
    let started = Instant::now();
    let session = assumer.assume().await?;
    let identity = assumer.verify(&session).await?;
    if let Some(got) = assumer.stepped_down() {
        log::warning(format_args!(
            "the role allows sessions of {}, not of {}; raise its maximum session duration for more",
            log::duration(got),
            log::duration(settings.duration)
        ));
    }
    let (ends, until) = (session.expires, assumer.renewable_until(session.expires));
    let renewal = match settings.credentials {
        Credentials::Endpoint if until > ends => format!(", renewed until {}", log::time(until)),
        _ => String::new(),
    };
    log::success(format_args!(
        "session {} of {} in account {} until {}{renewal} (in {})",
        assumer.name(),
        settings.last_role(),
        identity.account,
        log::time(ends),
        log::duration(started.elapsed())
    ));
    Ok(session)
}

/// Logs package managers in, when that is wanted.
///
/// # Errors
/// [`Failure::Login`]
pub async fn log_in(
    settings: &SessionSettings,
    session: &Session,
    environment: &Variables,
    network: &Network,
) -> Result<Option<Login>, Failure> {
    let Some(packages) = &settings.packages else { return Ok(None) };
    let login = Login::start(packages, settings, session, environment, network).await.map_err(Failure::Login)?;
    let tools: Vec<&str> = packages.tools.iter().map(|tool| tool.name).collect();
    log::success(format_args!(
        "{} logged in to CodeArtifact {}/{} until the session ends",
        tools.join(", "),
        packages.domain,
        packages.repository
    ));
    Ok(Some(login))
}

/// Renews the endpoint's session for as long as it is polled. Never ends.
pub async fn renewal(assumer: &Assumer<'_>, endpoint: Option<&CredentialsEndpoint>, expires: SystemTime) {
    match endpoint {
        Some(endpoint) => assumer.renew(endpoint, expires).await,
        None => std::future::pending().await,
    }
}
