//! A session for any command, outside the pipe.

use std::{env, ffi::OsString, path::Path};

use keyless_aws::{Environment, Network, Session};
use tokio::process::Command;

use crate::{
    assume::Assumer,
    child::{self, ChildEnvironment, Signals, find_program, profiles::Profiles},
    failure::Failure,
    invalid_setting::InvalidSetting,
    log,
    login::{Login, ProjectFolder},
    settings::SessionSettings,
    shared::{SharedSession, open, usable_token},
};

/// Runs a command with a session and returns its exit code. Standard input and output are the command's; the log goes to
/// standard error.
///
/// The program is searched for first: without it, no role is assumed.
///
/// # Errors
/// [`Failure`] when the command was not started.
pub async fn exec(environment: &Environment, program: &OsString, arguments: &[OsString]) -> Result<u8, Failure> {
    log::use_standard_error();
    let mut signals = Signals::listen().map_err(Failure::Signals)?;
    let path = environment.get_os("PATH").unwrap_or_default();
    if find_program(program, Path::new(""), path).is_none() {
        return Err(Failure::NoProgram(program.display().to_string()));
    }
    with_session(environment, &mut signals, async |assumer, network, session, signals| {
        let shared = SharedSession::start(assumer, session).await?;
        let mut variables = shared.child_environment(ChildEnvironment::of_a_step(environment));
        let role = assumer.settings().last_role().to_string();
        let keyless = env::current_exe().map_err(Failure::Profiles)?;
        let profiles = Profiles::generate(environment, &keyless, &role).map_err(Failure::Profiles)?;
        if let Some(profiles) = &profiles {
            variables.give_profiles(profiles, environment);
            report(profiles);
        }
        let folder = env::current_dir().unwrap_or_default();
        let words = [program].into_iter().chain(arguments).map(|word| word.to_string_lossy().into_owned());
        let words: Vec<String> = words.collect();
        let folder = ProjectFolder {
            path: &folder,
            variables: ChildEnvironment::of_a_step(environment),
            installation: Some((&words, &folder)),
        };
        let login = Login::of(assumer.settings(), session, environment, network, folder, signals).await?;
        if let Some(login) = &login {
            login.give(&mut variables);
        }
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(variables.into_variables());
        let status = shared.while_renewed(child::run_attached(&mut command, signals)).await;
        let status = status.map_err(|error| Failure::Start(format!("`{}`", program.display()), error))?;
        Ok(child::exit_code(status))
    })
    .await
}

/// Logs which profiles use the session instead of the credentials that they are configured with.
fn report(profiles: &Profiles) {
    let Profiles { names, chained, sources, .. } = profiles;
    let sources: Vec<String> = sources.iter().map(|file| file.display().to_string()).collect();
    let origin = if sources.is_empty() { String::new() } else { format!(" (from {})", sources.join(", ")) };
    if !names.is_empty() {
        log::success(format_args!(
            "profiles with the session instead of their own credentials: {}{origin}",
            names.join(", ")
        ));
    }
    if !chained.is_empty() {
        log::success(format_args!(
            "profiles that assume their role_arn from the session: {}{origin}",
            chained.join(", ")
        ));
    }
}

/// A session as the JSON that AWS SDKs read from a profile's `credential_process` (AWS SDKs and tools reference, "Process
/// credential provider"). It contains the secrets. The log goes to standard error.
///
/// # Errors
/// [`Failure`] when there is no session.
pub async fn process_credentials(environment: &Environment) -> Result<String, Failure> {
    log::use_standard_error();
    let mut signals = Signals::listen().map_err(Failure::Signals)?;
    with_session(environment, &mut signals, async |_, _, session, _| Ok(session.process_credentials())).await
}

/// Reads the settings of a session, assumes the role, and continues with it.
async fn with_session<T>(
    environment: &Environment,
    signals: &mut Signals,
    work: impl AsyncFnOnce(&Assumer<'_>, &Network, &Session, &mut Signals) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let settings = SessionSettings::read(environment);
    let token = usable_token(environment);
    let network = Network::from_environment(environment).map_err(InvalidSetting::Bundle);
    let (settings, token, network) = match (settings, token, network) {
        (Ok(settings), Ok(token), Ok(network)) => (settings, token, network),
        (settings, token, network) => {
            let mut invalid = settings.err().unwrap_or_default();
            invalid.extend(token.err());
            invalid.extend(network.err());
            return Err(Failure::InvalidSettings(invalid));
        }
    };
    let assumer = Assumer::new(&settings, &token, environment, &network);
    let session = open(&assumer, signals).await?;
    work(&assumer, &network, &session, signals).await
}
