//! A session for any command, outside the pipe.

use std::{
    ffi::OsString,
    io::{self, Write},
};

use keyless_aws::{CredentialsEndpoint, Environment, Handover, Network, Session};
use tokio::process::Command as Process;

use crate::{
    child::{self, Signals},
    endpoints::network,
    failure::{Failure, report},
    log,
    packages::Login,
    run::{Variables, log_in, renewal, session, usable_token},
    session::Assumer,
    settings::{Credentials, SessionSettings, is_setting},
};

/// Runs a command with the session and returns its exit code. Standard input and output are the command's.
pub async fn exec(environment: Variables, words: Vec<OsString>) -> u8 {
    log::leave_output();
    try_exec(&environment, &words).await.unwrap_or_else(|failure| report(&failure))
}

async fn try_exec(environment: &Variables, words: &[OsString]) -> Result<u8, Failure> {
    let failed = |error| Failure::Start("the signal handlers".to_owned(), error);
    let mut signals = Signals::listen().map_err(failed)?;
    with_session(environment, &mut signals, async |assumer, network, session, signals| {
        let settings = assumer.settings();
        let endpoint = match settings.credentials {
            Credentials::Endpoint => {
                Some(CredentialsEndpoint::start(session.clone()).await.map_err(Failure::Endpoint)?)
            }
            Credentials::Environment => None,
        };
        let handover = endpoint.as_ref().map_or(Handover::Environment(session), Handover::Endpoint);
        let kept = environment.iter().filter(|(name, _)| !name.to_str().is_some_and(is_setting));
        let mut variables = Environment::scrubbed(kept.map(|(name, value)| (name.clone(), value.clone())));
        variables.hand_over(handover, &settings.region);
        let login = log_in(settings, session, environment, network).await?;
        login.iter().flat_map(Login::variables).for_each(|(name, value)| {
            variables.set(name, value);
        });
        let (program, arguments) =
            words.split_first().map_or((OsString::new(), words), |(first, rest)| (first.clone(), rest));
        let mut command = Process::new(&program);
        command.args(arguments).env_clear().envs(variables.into_variables());
        let status = tokio::select! {
            status = child::run_attached(&mut command, signals) => status,
            () = renewal(assumer, endpoint.as_ref(), session.expires) => Err(io::ErrorKind::Other.into()),
        };
        let status = status.map_err(|error| Failure::Start(program.display().to_string(), error))?;
        Ok(child::exit_code(status))
    })
    .await
}

/// Prints the session in the form that AWS SDKs read from a profile's `credential_process` (AWS SDKs and tools reference,
/// "Process credential provider"), and returns the exit code.
pub async fn credential_process(environment: Variables) -> u8 {
    log::leave_output();
    let failed = |error| Failure::Start("the signal handlers".to_owned(), error);
    let printed = async {
        let mut signals = Signals::listen().map_err(failed)?;
        with_session(&environment, &mut signals, async |_, _, session, _| {
            let written = io::stdout().lock().write_all(format!("{}\n", session.process_credentials()).as_bytes());
            Ok(u8::from(written.is_err()))
        })
        .await
    };
    printed.await.unwrap_or_else(|failure| report(&failure))
}

/// Reads the settings of a session, assumes the role, and goes on with it.
async fn with_session(
    environment: &Variables,
    signals: &mut Signals,
    work: impl AsyncFnOnce(&Assumer<'_>, &Network, &Session, &mut Signals) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let found = (SessionSettings::read(environment), usable_token(environment), network(environment));
    let (settings, token, network) = match found {
        (Ok(settings), Ok(token), Ok(network)) => (settings, token, network),
        (settings, token, network) => {
            let mut mistakes = settings.err().unwrap_or_default();
            mistakes.extend(token.err());
            mistakes.extend(network.err());
            return Err(Failure::Mistakes(mistakes));
        }
    };
    let assumer = Assumer::new(&settings, &token, environment, &network);
    let session = session(&assumer, &settings, signals).await?;
    work(&assumer, &network, &session, signals).await
}
