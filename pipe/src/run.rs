//! One run of the pipe: settings, token, packages, synthesis, session, credentials, CDK, summary.

mod synthesis;

use std::{
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use keyless_aws::{Environment, Network, Session};
use keyless_bitbucket::{Step, insights};
use keyless_core::{aws::SessionName, oidc::StepToken, pipes::keyless::is_pipe_variable};
use keyless_session::{
    Assumer, InvalidSetting, Login, ProjectFolder, SharedSession,
    child::{self, ChildEnvironment, Listener, Signals},
    log, open, usable_token,
};
use tokio::process::Command as Process;

use crate::{
    access, accounts, assembly,
    cdk::{self, changes::Changes, configuration::Configuration, run_log::RunLog},
    checks, diff_report,
    failure::Failure,
    install::{self, Installation},
    outputs::{Outputs, OutputsError, OutputsFolder, VARIABLES_PATH},
    preflight::PreflightError,
    project::{Cli, Project},
    selection,
    settings::{Command, Report, Settings, Synth},
    summary,
    unusable::Unusable,
};
use synthesis::Next;

/// Runs the pipe with the variables of a process and returns the exit code. A failure is in the log by then.
pub async fn run(environment: &Environment) -> u8 {
    try_run(environment).await.unwrap_or_else(|failure| failure.report())
}

async fn try_run(environment: &Environment) -> Result<u8, Failure> {
    let mut signals = Signals::listen().map_err(keyless_session::Failure::Signals)?;
    let prepared = prepare(environment).map_err(Failure::Preflight)?;
    let Prepared { settings, token, project, network, configuration } = &prepared;
    let job = Job { settings, token, project, network, configuration, environment };
    Box::pin(job.run(&mut signals)).await
}

/// What a run needs, checked as far as possible before the first call.
struct Prepared {
    settings: Settings,
    token: StepToken,
    project: Project,
    network: Network,
    configuration: Configuration,
}

fn prepare(environment: &Environment) -> Result<Prepared, Vec<PreflightError>> {
    let (invocation, settings) = Settings::read(environment);
    let mut errors: Vec<PreflightError> = Vec::new();
    let settings = settings.map_err(|found| errors.extend(found)).ok();
    let token = usable_token(environment).map_err(|error| errors.push(error.into())).ok();
    let project = Project::find(&invocation, settings.as_ref(), environment).map_err(|found| errors.extend(found)).ok();
    let (settings, configuration) = match (settings, &project) {
        (Some(settings), Some(project)) => {
            let home = environment.get_os("HOME").map(Path::new);
            let mut configuration = Configuration::read(&project.folder, home);
            // The CDK waits for a proxy without a limit (2.1148.1).
            let is_proxy =
                |name: &str| matches!(name.to_ascii_uppercase().as_str(), "HTTPS_PROXY" | "HTTP_PROXY" | "ALL_PROXY");
            configuration.decides_on_notices |= environment.names().any(is_proxy);
            let (settings, found) = with_ready_assembly(settings, &configuration, &project.folder);
            errors.extend(found);
            (Some(settings), configuration)
        }
        (settings, _) => (settings, Configuration::default()),
    };
    let network = Network::from_environment(environment);
    let network = network.map_err(|error| errors.push(InvalidSetting::Bundle(error).into())).ok();
    match (settings, token, project, network) {
        (Some(settings), Some(token), Some(project), Some(network)) if errors.is_empty() => {
            Ok(Prepared { settings, token, project, network, configuration })
        }
        _ => Err(errors),
    }
}

/// The settings with the assembly that they name, if the app is one, and what is wrong with it and with what else runs with the
/// session.
fn with_ready_assembly(
    settings: Settings,
    configuration: &Configuration,
    folder: &Path,
) -> (Settings, Vec<PreflightError>) {
    let command = settings.invocation.command;
    let mut errors: Vec<PreflightError> =
        accounts::forbidden_environments(&settings).into_iter().map(Into::into).collect();
    if command != Command::Exec && command.needs_session() && settings.synth == Synth::Isolated {
        errors.extend(configuration.plugins.clone().map(PreflightError::Plugins));
    }
    let app = cdk::app(&settings, configuration).filter(|app| command.needs_app() && folder.join(app).is_dir());
    let Some(app) = app else { return (settings, errors) };
    // An unreadable assembly is reported elsewhere.
    let contents = assembly::read(&folder.join(&app)).ok();
    let settings = cdk::with_assembly(&settings, app);
    match contents.map_or(Ok(()), |contents| checks::check(&settings, &contents)) {
        Err(Unusable::Accounts(accounts)) => errors.extend(accounts.into_iter().map(PreflightError::from)),
        Err(unusable) => errors.push(PreflightError::Unusable(unusable)),
        Ok(()) => {}
    }
    (settings, errors)
}

/// Variables that the CDK reads as its options: `CDK_X_Y` as `--x-y`.
fn stray_options(environment: &Environment) -> impl Iterator<Item = (&str, String)> {
    const NO_OPTIONS: [&str; 7] = [
        "CDK_HOME",
        "CDK_DOCKER",
        "CDK_DISABLE_",
        "CDK_DEFAULT_",
        "CDK_ROLE_SESSION_NAME",
        // AWS's guide to environments gives these two to the app.
        "CDK_DEPLOY_ACCOUNT",
        "CDK_DEPLOY_REGION",
    ];
    environment
        .names()
        .filter(|name| !is_pipe_variable(name) && !NO_OPTIONS.iter().any(|known| name.starts_with(known)))
        .filter_map(|name| {
            let option = name.strip_prefix("CDK_")?.to_lowercase().replace('_', "-");
            Some((name, format!("--{option}")))
        })
}

struct Job<'a> {
    settings: &'a Settings,
    token: &'a StepToken,
    project: &'a Project,
    network: &'a Network,
    configuration: &'a Configuration,
    environment: &'a Environment,
}

impl Job<'_> {
    async fn run(self, signals: &mut Signals) -> Result<u8, Failure> {
        let (settings, command) = (self.settings, self.settings.invocation.command);
        let session_settings = &settings.session;
        self.warn();
        let assumer = Assumer::new(session_settings, self.token, self.environment, self.network);
        // Packages are installed and the app is synthesized before there is a session, unless packages come from CodeArtifact.
        let mut next = Next::AsIs;
        if session_settings.packages.is_none() {
            self.install(signals, None).await?;
            next = self.synthesize_isolated(signals, None).await?;
        }
        if let Next::End(code) = next {
            return Ok(code);
        }
        let session = open(&assumer, signals).await?;
        let installation = self.project.install.installation();
        let folder = ProjectFolder {
            path: &self.project.folder,
            variables: self.of_an_installation(),
            installation: installation.map(|it| (it.words.as_slice(), it.folder.as_path())),
        };
        let login = Login::of(session_settings, &session, self.environment, self.network, folder, signals).await;
        let login = login.map_err(keyless_session::Failure::from)?;
        if session_settings.packages.is_some() {
            self.install(signals, login.as_ref()).await?;
            next = self.synthesize_isolated(signals, login.as_ref()).await?;
        }
        if let Next::End(code) = next {
            return Ok(code);
        }
        let shared = SharedSession::start(&assumer, &session).await.map_err(session_failure)?;
        let mut variables = shared.child_environment(ChildEnvironment::of_a_pipe(self.environment));
        self.complete(&mut variables, login.as_ref());
        if command != Command::Exec {
            variables.set_default("CDK_ROLE_SESSION_NAME", assumer.name().as_str());
        }
        if let Next::AsIs = next {
            next = self.synthesize_with(signals, &shared, &variables).await?;
        }
        let settings = match &next {
            Next::End(code) => return Ok(*code),
            Next::WithAssembly(settings) => settings,
            Next::AsIs => settings,
        };
        if self.settings.synth == Synth::Isolated && self.settings.assembly.is_none() && settings.assembly.is_some() {
            // The app could have written there what Node takes for the CDK's compiled code.
            variables.set("NODE_DISABLE_COMPILE_CACHE", "1");
        }
        let job = Job { settings, ..self };
        tokio::select! {
            reviewed = job.review(&session, assumer.name()) => reviewed?,
            signal = signals.next() => return Err(keyless_session::Failure::Stopped(signal).into()),
        }
        job.finish(signals, Some(&shared), variables).await
    }

    /// Lists where a deployment broadens access, and stops it there if it must be approved.
    async fn review(&self, session: &Session, name: &SessionName) -> Result<(), Failure> {
        let Settings { session: session_settings, assembly, require_approval, .. } = self.settings;
        let Some(assembly) = assembly.as_ref().filter(|_| self.settings.invocation.command == Command::Deploy) else {
            return Ok(());
        };
        let contents = assembly::read(&self.project.folder.join(assembly)).map_err(Failure::Assembly)?;
        let reader = access::Reader {
            session,
            role: session_settings.last_role(),
            name,
            region: &session_settings.region,
            environment: self.environment,
            network: self.network,
        };
        // Boxed, as the compiler does not follow futures to any depth.
        let compared = Box::pin(reader.compare(&selection::called(self.settings, &contents))).await;
        summary::broader(&compared);
        let count = compared.iter().map(|stack| stack.broader.as_ref().map_or(1, Vec::len)).sum();
        if *require_approval == "broadening" && count > 0 {
            return Err(Failure::Broadens(count));
        }
        Ok(())
    }

    /// Warns of settings that do more than it seems.
    fn warn(&self) {
        if self.settings.invocation.command == Command::Exec {
            return;
        }
        for (name, option) in stray_options(self.environment) {
            log::warning(format_args!("{name} is set, and the CDK reads it as option {option}"));
        }
        let is_in_pull_request = self.environment.get("BITBUCKET_PR_ID").is_some_and(|id| !id.is_empty());
        if is_in_pull_request && self.settings.synth == Synth::Session && self.settings.assembly.is_none() {
            log::warning(
                "SYNTH is set to session in a pull request: the code of the pull request and its packages can use the session while \
                 the app is synthesized",
            );
        }
    }

    /// Adds the variables of package managers and of the CDK.
    fn complete(&self, variables: &mut ChildEnvironment, login: Option<&Login>) {
        if let Some(login) = login {
            login.give(variables);
        }
        if self.settings.invocation.command != Command::Exec {
            variables.set("CI", "true").set("CDK_DISABLE_CLI_TELEMETRY", "true");
        }
    }

    /// Runs the command itself, and shows what it did.
    async fn finish(
        &self,
        signals: &mut Signals,
        shared: Option<&SharedSession<'_>>,
        variables: ChildEnvironment,
    ) -> Result<u8, Failure> {
        let (mut command, program) = self.command(variables);
        let outputs = self.writes_outputs().then(OutputsFolder::new).transpose().map_err(Failure::Folder)?;
        if let Some(folder) = &outputs {
            command.arg("--outputs-file").arg(folder.file());
        }
        let started = Instant::now();
        let (code, run_log) = run_child(&mut command, program, signals, shared).await?;
        let (what, took) = (self.settings.invocation.command, started.elapsed());
        // Another program's output is not the CDK's.
        let run_log = if what == Command::Exec { RunLog::default() } else { run_log };
        let outputs = outputs.map(|folder| folder.read()).unwrap_or_default();
        summary::show(what, &run_log, &outputs);
        if what == Command::Diff {
            self.report(run_log.changes()).await;
        }
        if code != 0 {
            summary::failed(what, &run_log, code, took, self.settings.session.last_role().account());
            return Ok(code);
        }
        if what == Command::Deploy && run_log.deployed_nothing() {
            return Err(Failure::NothingDeployed);
        }
        if run_log.selected_nothing() {
            return Err(Failure::NothingSelected);
        }
        self.keep(&outputs)?;
        log::success(format_args!("{} done in {}", what.name(), log::duration(took)));
        Ok(code)
    }

    /// Whether the CDK writes the outputs for the pipe; with its own `--outputs-file` it writes them there.
    fn writes_outputs(&self) -> bool {
        let own = |word: &String| word.starts_with("--outputs-file") || word.starts_with("-O");
        self.settings.invocation.command == Command::Deploy && !self.settings.extra_args.iter().any(own)
    }

    /// Writes the outputs to the file, and passes them to later steps.
    fn keep(&self, outputs: &Outputs) -> Result<(), OutputsError> {
        if let Some(file) = &self.settings.outputs_file {
            let clone = self.environment.get_os("BITBUCKET_CLONE_DIR").map_or(self.project.folder.as_path(), Path::new);
            outputs.write(&self.project.folder.join(file), clone)?;
            log::success(format_args!("outputs written to {}", file.display()));
        }
        let variables = self.environment.get_os(VARIABLES_PATH);
        if let Some(path) = variables.filter(|_| outputs.iter().next().is_some()) {
            match outputs.pass_on(Path::new(path)) {
                Ok(passed_on) => {
                    passed_on.left_out.iter().for_each(|left_out| {
                        log::warning(format_args!("not passed to later steps: {left_out}"));
                    });
                    let names = passed_on.names.join(", ");
                    log::success(format_args!(
                        "passed to later steps that list them under `output-variables`: {names}"
                    ));
                }
                // Most steps pass no outputs; only those that do would miss them.
                Err(error) => log::warning(format_args!("the outputs could not be passed to later steps: {error}")),
            }
        }
        Ok(())
    }

    /// Reports a complete diff to Bitbucket. A report that cannot be posted does not fail the run.
    async fn report(&self, changes: &Changes) {
        let Settings { session, invocation, stacks, context, .. } = self.settings;
        let step = Step::new(self.environment);
        let proxy = match &self.settings.report {
            Report::Off => return,
            Report::Through(proxy) => proxy,
            Report::On if step.is_in_a_pipe() => insights::PROXY_OF_A_PIPE,
            Report::On => insights::PROXY,
        };
        let Some(build) = step.build().filter(|_| changes.is_complete()) else { return };
        let target = format!("{} in {}", session.last_role().account(), session.region);
        let folder = invocation.working_directory.display().to_string();
        let parts = [&[folder][..], invocation.app.as_slice(), stacks, context].concat();
        match diff_report::report(changes, &target, &parts, &build).post(&build, proxy).await {
            Ok(()) => log::success(format_args!("changes reported on commit {}", build.commit)),
            Err(error) => log::warning(format_args!("cannot report the changes to Bitbucket: {error}")),
        }
    }

    /// Installs the app's packages, without the session and without the step's token. What the run needs must be there then.
    async fn install(&self, signals: &mut Signals, login: Option<&Login>) -> Result<(), Failure> {
        let project = self.project;
        let Some(Installation { folder, words, custom }) = project.install.installation() else { return Ok(()) };
        if *custom {
            log::start(format_args!("INSTALL: {}", cdk::shown::program(words)));
        } else {
            log::start(words.join(" "));
        }
        let started = Instant::now();
        let mut command = Process::new(&words[0]);
        command.args(&words[1..]).current_dir(folder);
        let mut variables = self.of_an_installation();
        if let Some(login) = login {
            login.give(&mut variables);
        }
        command.env_clear().envs(variables.into_variables());
        let quiet: Listener = Arc::new(Mutex::new(|_: &str| {}));
        let status = child::run(&mut command, signals, quiet).await;
        let status = status.map_err(|error| keyless_session::Failure::Start(format!("`{}`", words[0]), error))?;
        if !status.success() {
            return Err(Failure::Install(child::exit_code(status)));
        }
        log::success(format_args!("packages installed in {}", log::duration(started.elapsed())));
        if project.cdk.installed().is_none() {
            return Err(Failure::NoCdk(project.folder.clone()));
        }
        let path = self.environment.get_os("PATH").unwrap_or_default();
        match project.missing_program(path, false) {
            Some(missing) => Err(missing.into()),
            None => Ok(()),
        }
    }

    /// The variables of package managers and install scripts.
    fn of_an_installation(&self) -> ChildEnvironment {
        let home = self.environment.get_os("HOME").unwrap_or_default();
        let mut folders = vec![self.project.folder.as_path(), Path::new(home)];
        folders.extend(self.project.install.installation().map(|installation| installation.folder.as_path()));
        let mut further = install::named_variables(&folders);
        further.extend(self.settings.app_variables.iter().cloned());
        ChildEnvironment::of_an_installation(self.environment, &further)
    }

    /// The child, ready to start, and its name for messages.
    fn command(&self, variables: ChildEnvironment) -> (Process, String) {
        let Settings { session, invocation, extra_args, .. } = self.settings;
        if invocation.command != Command::Exec {
            let arguments = cdk::arguments(self.settings, self.configuration, session.last_role().account());
            return (self.cdk(arguments, extra_args.len(), variables), THE_CDK.to_owned());
        }
        let program = extra_args.first().cloned().unwrap_or_default();
        log::start(cdk::shown::program(extra_args));
        let mut command = Process::new(&program);
        command.args(extra_args.get(1..).unwrap_or_default());
        command.current_dir(&self.project.folder).env_clear().envs(variables.into_variables());
        (command, format!("`{program}`"))
    }

    /// The CDK, ready to start. The last `extra` arguments are from `EXTRA_ARGS`.
    fn cdk(&self, arguments: Vec<String>, extra: usize, variables: ChildEnvironment) -> Process {
        let cli = self.project.cdk.installed().unwrap_or(Cli::Unused);
        log::start(format_args!("cdk {} ({cli})", cdk::shown::arguments(&arguments, extra)));
        let mut command = cli.process(&self.project.node);
        command.args(arguments).current_dir(&self.project.folder).env_clear().envs(variables.into_variables());
        // With an assembly, nothing of the app runs: its code could have changed what is there.
        if self.settings.assembly.is_none() {
            let path = self.environment.get_os("PATH").unwrap_or_default();
            command.env("PATH", self.project.search_path(path));
        }
        command
    }
}

/// The name of the CDK in messages.
const THE_CDK: &str = "the CDK";

/// Runs a child to its end, with the session if there is one, and returns its exit code and what its output says.
async fn run_child(
    command: &mut Process,
    program: String,
    signals: &mut Signals,
    shared: Option<&SharedSession<'_>>,
) -> Result<(u8, RunLog), Failure> {
    let run_log = Arc::new(Mutex::new(RunLog::default()));
    let listener: Listener = {
        let run_log = Arc::clone(&run_log);
        Arc::new(Mutex::new(move |line: &str| run_log.lock().unwrap_or_else(PoisonError::into_inner).line(line)))
    };
    let child = child::run(command, signals, listener);
    let status = match shared {
        Some(shared) => shared.while_renewed(child).await,
        None => child.await,
    };
    let status = status.map_err(|error| keyless_session::Failure::Start(program, error))?;
    let run_log = mem::take(&mut *run_log.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((child::exit_code(status), run_log))
}

/// A failure of the session as one of the pipe.
fn session_failure(error: impl Into<keyless_session::Failure>) -> Failure {
    Failure::Session(error.into())
}
