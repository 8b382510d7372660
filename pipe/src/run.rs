//! One run of the pipe: settings, token, packages, session, credentials, CDK, summary.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, io,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use keyless_aws::{CredentialsEndpoint, EndpointError, Environment, Handover, Session};
use keyless_core::oidc::{Mismatch, StepToken, check};
use rustix::process::Signal;
use tokio::process::Command as Process;

use crate::{
    cdk::{self, story::Story},
    child::{self, Signals},
    install, log,
    mistake::Mistake,
    output::Listener,
    project::Project,
    session::{Assumer, SessionError},
    settings::{Command, Credentials, Install, SessionSettings, Settings, is_setting},
    step::Step,
};

/// The variables of a process.
pub type Variables = BTreeMap<OsString, OsString>;

/// Why a run ended without the CDK's own exit status.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was run.
    Mistakes(Vec<Mistake>),
    /// The packages could not be installed: the exit code.
    Install(u8),
    /// No session, and what can be done about it.
    Session(SessionError, Option<keyless_aws::Explanation>),
    /// No credentials endpoint.
    Endpoint(EndpointError),
    /// A program could not be started.
    Start(String, io::Error),
    /// The step was stopped before the CDK began.
    Stopped(Signal),
}

/// Runs the pipe with a process's variables and returns the exit code. Whatever fails is in the log by then.
pub async fn run(environment: Variables) -> u8 {
    let outcome = match Signals::listen() {
        Ok(mut signals) => match prepare(&environment) {
            Ok((settings, token, project)) => {
                let job = Job { settings: &settings, token: &token, project: &project, environment };
                job.run(&mut signals).await
            }
            Err(mistakes) => Err(Failure::Mistakes(mistakes)),
        },
        Err(error) => Err(Failure::Start("the signal handlers".to_owned(), error)),
    };
    outcome.unwrap_or_else(|failure| report(&failure))
}

/// Everything that can be known before the first call.
fn prepare(environment: &Variables) -> Result<(Settings, StepToken, Project), Vec<Mistake>> {
    let (place, settings) = Settings::read(environment);
    let mut mistakes = Vec::new();
    let settings = settings.map_err(|found| mistakes.extend(found)).ok();
    let token = usable_token(environment).map_err(|mistake| mistakes.push(mistake)).ok();
    let path = environment.get(&OsString::from("PATH")).cloned().unwrap_or_default();
    let cdk_version = settings.as_ref().and_then(|settings| settings.cdk_version.as_deref());
    let installs = settings.as_ref().is_some_and(|settings| settings.install != Install::None);
    let project = Project::find(&place, cdk_version, installs, &path).map_err(|found| mistakes.extend(found)).ok();
    match (settings, token, project) {
        (Some(settings), Some(token), Some(project)) => Ok((settings, token, project)),
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
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The endpoint variables that every AWS SDK honours (AWS SDKs and tools reference, "Service-specific endpoints").
pub fn sts_endpoint(environment: &Variables) -> Option<String> {
    let url = |name: &str| environment.get(&OsString::from(name))?.to_str().filter(|url| !url.is_empty());
    ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].into_iter().find_map(url).map(str::to_owned)
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
    environment: Variables,
}

impl Job<'_> {
    async fn run(self, signals: &mut Signals) -> Result<u8, Failure> {
        self.install(signals).await?;
        let session_settings = &self.settings.session;
        let name = session_settings.name.clone().unwrap_or_else(|| Step::new(&self.environment).session_name());
        let assumer = Assumer::new(session_settings, self.token, name, sts_endpoint(&self.environment));
        let session = tokio::select! {
            session = session(&assumer, session_settings) => {
                session.map_err(|error| { let help = assumer.explain(&error); Failure::Session(error, help) })?
            }
            signal = signals.next() => return Err(Failure::Stopped(signal)),
        };
        let endpoint = match session_settings.credentials {
            Credentials::Endpoint => {
                Some(CredentialsEndpoint::start(session.clone()).await.map_err(Failure::Endpoint)?)
            }
            Credentials::Environment => None,
        };
        let handover = endpoint.as_ref().map_or(Handover::Environment(&session), Handover::Endpoint);
        let (mut command, program) = self.command(handover, &assumer);
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
        let story = story.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.conclude(status, &story, started.elapsed()))
    }

    /// Installs the app's packages, without a session and without the token.
    async fn install(&self, signals: &mut Signals) -> Result<(), Failure> {
        let Some(words) = install::command(&self.settings.install, &self.project.folder) else { return Ok(()) };
        if self.settings.place.command == Command::Exec || words.is_empty() {
            return Ok(());
        }
        log::start(shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default());
        let started = Instant::now();
        let mut command = Process::new(&words[0]);
        command.args(&words[1..]).current_dir(&self.project.folder);
        command.env_clear().envs(self.scrubbed().into_variables());
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

    /// Says how it went, the last line being the verdict, and returns the exit code.
    fn conclude(&self, status: ExitStatus, story: &Story, took: Duration) -> u8 {
        let (code, took) = (child::exit_code(status), log::duration(took));
        let what = self.settings.place.command.name();
        if story.used_base_credentials() {
            log::warning(
                "the CDK could not assume one of its bootstrap roles and went on with the session's own permissions; allow \
                 the role sts:AssumeRole on arn:aws:iam::<account>:role/cdk-*",
            );
        }
        summary(story);
        if code == 0 {
            log::success(format_args!("{what} done in {took}"));
            return code;
        }
        if let Some(failure) = story.first_failure() {
            log::detail(format_args!("failed first: {} {} in {}", failure.kind, failure.name, failure.stack));
            log::detail(format_args!("reason: {}", failure.reason));
        }
        if let Some(problem) = story.problem() {
            log::detail(format_args!("cause: {}", problem.cause));
            log::detail(format_args!("to do: {}", problem.remedy));
        }
        log::failure(format_args!("{what} failed with exit code {code} after {took}"));
        code
    }
}

/// A table of what was deployed.
fn summary(story: &Story) {
    let names = story.stacks().iter().map(|stack| stack.name.chars().count());
    let width = names.chain(story.outputs().iter().map(|(name, _)| name.chars().count())).max().unwrap_or_default();
    for stack in story.stacks() {
        log::row(format_args!("{:width$}  {}", stack.name, stack.summary()));
    }
    for (name, value) in story.outputs() {
        log::row(format_args!("{name:width$}  {value}"));
    }
}

/// Assumes the role, and asks AWS who the session is before anything is changed.
///
/// # Errors
/// [`SessionError`].
pub async fn session(assumer: &Assumer<'_>, settings: &SessionSettings) -> Result<Session, SessionError> {
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

/// Renews the endpoint's session for as long as it is polled. Never ends.
pub async fn renewal(assumer: &Assumer<'_>, endpoint: Option<&CredentialsEndpoint>, expires: SystemTime) {
    match endpoint {
        Some(endpoint) => assumer.renew(endpoint, expires).await,
        None => std::future::pending().await,
    }
}

/// Writes a failure to the log, its last line being the verdict, and returns the exit code.
pub fn report(failure: &Failure) -> u8 {
    match failure {
        Failure::Mistakes(mistakes) => mistakes.iter().for_each(log::detail),
        Failure::Session(error, Some(explanation)) => {
            if let Some(keyless_aws::StsError::Refused { said, .. }) = error.sts() {
                log::detail(format_args!("AWS said: {said}"));
            }
            for (name, value) in &explanation.compared {
                log::detail(format_args!("{name}: {value}"));
            }
            log::detail(format_args!("to do: {}", explanation.remedy));
        }
        _ => {}
    }
    log::failure(failure);
    match failure {
        Failure::Stopped(signal) => u8::try_from(128 + signal.as_raw()).unwrap_or(1),
        Failure::Install(code) => *code,
        _ => 1,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(mistakes) if mistakes.len() == 1 => f.write_str("nothing was run: 1 mistake to correct"),
            Self::Mistakes(mistakes) => write!(f, "nothing was run: {} mistakes to correct", mistakes.len()),
            Self::Install(code) => write!(f, "the packages could not be installed: exit code {code}"),
            Self::Session(_, Some(explanation)) => write!(f, "AWS refused the session: {}", explanation.cause),
            Self::Session(error, None) => error.fmt(f),
            Self::Endpoint(error) => error.fmt(f),
            Self::Start(program, error) => write!(f, "{program} could not be started: {error}"),
            Self::Stopped(signal) => {
                let name = if *signal == Signal::INT { "SIGINT" } else { "SIGTERM" };
                write!(f, "stopped by {name} before anything was changed")
            }
        }
    }
}

impl std::error::Error for Failure {}
