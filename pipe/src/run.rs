//! One run of the pipe: settings, token, session, credentials, CDK.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, io,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use keyless_aws::{
    Attempted, CredentialsEndpoint, EndpointError, Environment, Handover, Session, Sts, StsError, WebIdentity,
};
use keyless_core::{
    aws::SessionName,
    oidc::{Mismatch, StepToken, check},
};
use rustix::process::Signal;
use tokio::process::Command as Process;

use crate::{
    cdk, child,
    child::Signals,
    log,
    mistake::Mistake,
    project::Project,
    settings::{Credentials, Settings, is_setting},
    step::Step,
};

/// The variables of a process.
pub type Variables = BTreeMap<OsString, OsString>;

/// Why a run ended without the CDK's own exit status.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was run.
    Mistakes(Vec<Mistake>),
    /// No session.
    Sts(StsError),
    /// No credentials endpoint.
    Endpoint(EndpointError),
    /// The CDK could not be started.
    Start(io::Error),
    /// The step was stopped before the CDK began.
    Stopped(Signal),
}

/// Runs the pipe with a process's variables and returns the exit code. Whatever fails is in the log by then.
pub async fn run(environment: Variables) -> u8 {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return report(&Failure::Start(error), None),
    };
    let (settings, token, project) = match prepare(&environment) {
        Ok(ready) => ready,
        Err(mistakes) => return report(&Failure::Mistakes(mistakes), None),
    };
    let job = Job { settings: &settings, token: &token, project: &project, environment };
    match job.run(&mut signals).await {
        Ok(code) => code,
        Err(failure) => report(&failure, Some((&settings, &token))),
    }
}

/// Everything that can be known before the first call.
fn prepare(environment: &Variables) -> Result<(Settings, StepToken, Project), Vec<Mistake>> {
    let step = Step::new(environment);
    let token = step.token().and_then(|token| {
        let expectations = step.expectations(now());
        let mut mismatches = check(token.claims(), &expectations);
        if let Some(fatal) = mismatches.iter().position(Mismatch::is_fatal) {
            return Err(Mistake::Unusable(mismatches.swap_remove(fatal)));
        }
        mismatches.iter().for_each(log::warning);
        Ok(token)
    });
    let path = environment.get(&OsString::from("PATH")).cloned().unwrap_or_default();
    let mut mistakes = Vec::new();
    let settings = Settings::read(environment).map_err(|found| mistakes.extend(found)).ok();
    let token = token.map_err(|mistake| mistakes.push(mistake)).ok();
    let project = settings
        .as_ref()
        .and_then(|settings| Project::find(settings, &path).map_err(|found| mistakes.extend(found)).ok());
    match (settings, token, project) {
        (Some(settings), Some(token), Some(project)) => Ok((settings, token, project)),
        _ => Err(mistakes),
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

struct Job<'a> {
    settings: &'a Settings,
    token: &'a StepToken,
    project: &'a Project,
    environment: Variables,
}

impl Job<'_> {
    async fn run(self, signals: &mut Signals) -> Result<u8, Failure> {
        let name = Step::new(&self.environment).session_name();
        let session = tokio::select! {
            session = self.session(&name) => session?,
            signal = signals.next() => return Err(Failure::Stopped(signal)),
        };
        let endpoint = match self.settings.credentials {
            Credentials::Endpoint => {
                Some(CredentialsEndpoint::start(session.clone()).await.map_err(Failure::Endpoint)?)
            }
            Credentials::Environment => None,
        };
        let handover = endpoint.as_ref().map_or(Handover::Environment(&session), Handover::Endpoint);
        let mut command = self.command(handover, &name);
        let started = Instant::now();
        let status = child::run(&mut command, signals).await.map_err(Failure::Start)?;
        let (code, took) = (child::exit_code(status), log::duration(started.elapsed()));
        let what = self.settings.command.name();
        if code == 0 {
            log::success(format_args!("{what} done in {took}"));
        } else {
            log::failure(format_args!("{what} failed with exit code {code} after {took}"));
        }
        Ok(code)
    }

    async fn session(&self, name: &SessionName) -> Result<Session, Failure> {
        let Settings { role, region, session_duration, .. } = self.settings;
        let started = Instant::now();
        let request = WebIdentity { role, session_name: name, token: self.token, duration: seconds(*session_duration) };
        let session = Sts::new(region, self.sts_endpoint())
            .assume_role_with_web_identity(&request, |error, pause| {
                log::warning(format_args!("{error}; trying again in {}", log::duration(pause)));
            })
            .await
            .map_err(Failure::Sts)?;
        log::success(format_args!(
            "session {name} of {role} for {}, in {}",
            log::duration(remaining(&session)),
            log::duration(started.elapsed())
        ));
        Ok(session)
    }

    /// The endpoint variables that every AWS SDK honours (AWS SDKs and tools reference, "Service-specific endpoints").
    fn sts_endpoint(&self) -> Option<String> {
        ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
            .into_iter()
            .find_map(|name| {
                self.environment.get(&OsString::from(name)).and_then(|url| url.to_str()).filter(|url| !url.is_empty())
            })
            .map(str::to_owned)
    }

    fn command(&self, handover: Handover<'_>, name: &SessionName) -> Process {
        let Project { folder, node, cdk } = self.project;
        let arguments = cdk::arguments(self.settings, self.settings.role.account());
        let mut variables = Environment::scrubbed(
            self.environment
                .iter()
                .filter(|(name, _)| !name.to_str().is_some_and(is_setting))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        variables
            .hand_over(handover, &self.settings.region)
            .set("CI", "true")
            .set("CDK_DISABLE_CLI_TELEMETRY", "true")
            .set_default("CDK_ROLE_SESSION_NAME", name.as_str());
        log::start(format_args!(
            "cdk {} ({})",
            shlex::try_join(arguments.iter().map(String::as_str)).unwrap_or_default(),
            cdk.version.as_deref().unwrap_or("unknown version")
        ));
        let mut command = if cdk.is_script {
            let mut command = Process::new(node);
            command.arg(&cdk.file);
            command
        } else {
            Process::new(&cdk.file)
        };
        command.args(arguments).current_dir(folder).env_clear().envs(variables.into_variables());
        command
    }
}

/// How long a session is still good, to the nearest second.
fn remaining(session: &Session) -> Duration {
    let left = session.expires.duration_since(SystemTime::now()).unwrap_or_default();
    Duration::from_secs((left + Duration::from_millis(500)).as_secs())
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// Writes a failure to the log, its last line being the verdict, and returns the exit code.
fn report(failure: &Failure, asked: Option<(&Settings, &StepToken)>) -> u8 {
    match (failure, asked) {
        (Failure::Mistakes(mistakes), _) => mistakes.iter().for_each(log::detail),
        (Failure::Sts(StsError::Refused { refusal, said }), Some((settings, token))) => {
            let explanation = refusal.explain(&Attempted {
                role: &settings.role,
                claims: token.claims(),
                region: &settings.region,
                duration: seconds(settings.session_duration),
            });
            log::detail(format_args!("AWS said: {said}"));
            for (name, value) in &explanation.compared {
                log::detail(format_args!("{name}: {value}"));
            }
            log::detail(format_args!("to do: {}", explanation.remedy));
            log::failure(format_args!("AWS refused the session: {}", explanation.cause));
            return 1;
        }
        _ => {}
    }
    log::failure(failure);
    match failure {
        Failure::Stopped(signal) => u8::try_from(128 + signal.as_raw()).unwrap_or(1),
        _ => 1,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(mistakes) if mistakes.len() == 1 => f.write_str("nothing was run: 1 mistake to correct"),
            Self::Mistakes(mistakes) => write!(f, "nothing was run: {} mistakes to correct", mistakes.len()),
            Self::Sts(error) => error.fmt(f),
            Self::Endpoint(error) => error.fmt(f),
            Self::Start(error) => write!(f, "the CDK could not be started: {error}"),
            Self::Stopped(signal) => {
                write!(
                    f,
                    "stopped by {} before the CDK began",
                    if *signal == Signal::INT { "SIGINT" } else { "SIGTERM" }
                )
            }
        }
    }
}

impl std::error::Error for Failure {}
