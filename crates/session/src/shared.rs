//! A session while a child process uses it.

use std::{
    future, io,
    process::ExitStatus,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use keyless_aws::{CredentialsEndpoint, EndpointError, Environment, Session};
use keyless_bitbucket::Step;
use keyless_core::oidc::{Mismatch, StepToken, check};

use crate::{
    assume::{Assumer, SessionError},
    child::{ChildEnvironment, CredentialSource, Signals},
    failure::Failure,
    invalid_setting::InvalidSetting,
    log,
    settings::{Credentials, SessionSettings},
};

/// A session that a child process uses, renewed while the child runs.
#[derive(Debug)]
pub struct SharedSession<'a> {
    assumer: &'a Assumer<'a>,
    session: &'a Session,
    /// `None` when the child has the keys in its environment.
    endpoint: Option<CredentialsEndpoint>,
}

impl<'a> SharedSession<'a> {
    /// Makes a session available as its settings say.
    ///
    /// # Errors
    /// [`EndpointError`] when the credentials endpoint cannot be started.
    pub async fn start(assumer: &'a Assumer<'a>, session: &'a Session) -> Result<Self, EndpointError> {
        let endpoint = match assumer.settings().credentials {
            Credentials::Endpoint => Some(CredentialsEndpoint::start(session.clone()).await?),
            Credentials::Environment => None,
        };
        Ok(Self { assumer, session, endpoint })
    }

    /// The variables of a child that uses the session, over `variables`.
    pub fn child_environment(&self, mut variables: ChildEnvironment) -> ChildEnvironment {
        let source =
            self.endpoint.as_ref().map_or(CredentialSource::Environment(self.session), CredentialSource::Endpoint);
        variables.give(source, &self.assumer.settings().region);
        variables
    }

    /// Waits for a child, and renews the session until it ends.
    ///
    /// # Errors
    /// When the child cannot be started or waited for.
    pub async fn while_renewed(&self, child: impl Future<Output = io::Result<ExitStatus>>) -> io::Result<ExitStatus> {
        let renewal = async {
            match &self.endpoint {
                Some(endpoint) => self.assumer.renew(endpoint, self.session.expires).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            status = child => status,
            () = renewal => Err(io::ErrorKind::Other.into()),
        }
    }
}

/// The step's token, unless AWS is certain to refuse it. Other mismatches are logged and left to AWS.
///
/// # Errors
/// [`InvalidSetting::Token`], [`InvalidSetting::UnusableToken`]
pub fn usable_token(environment: &Environment) -> Result<StepToken, InvalidSetting> {
    let step = Step::new(environment);
    let token = step.token()?;
    let mut mismatches = check(token.claims(), &step.expectations(now()));
    if let Some(fatal) = mismatches.iter().position(Mismatch::is_fatal) {
        return Err(InvalidSetting::UnusableToken(mismatches.swap_remove(fatal)));
    }
    mismatches.iter().for_each(log::warning);
    Ok(token)
}

/// The session that a `keyless exec` above this process gave to it, as the JSON that SDKs read from a `credential_process`:
/// from the endpoint that its variables name, or from the variables themselves.
///
/// # Errors
/// When there is neither, or the endpoint does not answer.
pub fn inherited_credentials(environment: &Environment) -> io::Result<String> {
    let outside = || io::Error::new(io::ErrorKind::NotFound, "this process was not started by `keyless exec`");
    let variable = |name| environment.get(name).ok_or_else(outside);
    let session = match environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        Some(url) => {
            let served = CredentialsEndpoint::read(url, variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")?)?;
            serde_json::from_str::<serde_json::Value>(&served).map_err(io::Error::other)?
        }
        None => serde_json::json!({
            "AccessKeyId": variable("AWS_ACCESS_KEY_ID")?,
            "SecretAccessKey": variable("AWS_SECRET_ACCESS_KEY")?,
            "Token": variable("AWS_SESSION_TOKEN")?,
        }),
    };
    let mut credentials = serde_json::json!({ "Version": 1 });
    for (from, to) in [
        ("AccessKeyId", "AccessKeyId"),
        ("SecretAccessKey", "SecretAccessKey"),
        ("Token", "SessionToken"),
        ("Expiration", "Expiration"),
    ] {
        if let Some(value) = session.get(from) {
            credentials[to] = value.clone();
        }
    }
    Ok(credentials.to_string())
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Assumes the role, unless a signal comes first, and explains the refusal when AWS refuses.
///
/// # Errors
/// [`Failure::Session`], [`Failure::StillRefused`], [`Failure::Stopped`]
pub async fn open(assumer: &Assumer<'_>, signals: &mut Signals) -> Result<Session, Failure> {
    let outcome = tokio::select! {
        outcome = open_verified(assumer, assumer.settings()) => outcome,
        signal = signals.next() => return Err(Failure::Stopped(signal)),
    };
    match outcome {
        Ok(session) => Ok(session),
        Err(error) => {
            if let Some(explanation) = assumer.logged(&error) {
                return Err(Failure::StillRefused(explanation.cause.clone()));
            }
            let explanation = assumer.explain(&error).await;
            Err(Failure::Session(error, explanation))
        }
    }
}

/// Assumes the role, and asks AWS whose session it is before anything is changed.
async fn open_verified(assumer: &Assumer<'_>, settings: &SessionSettings) -> Result<Session, SessionError> {
    let started = Instant::now();
    let session = assumer.assume_new().await?;
    let identity = assumer.verify(&session).await?;
    if let Some(got) = assumer.stepped_down() {
        log::warning(format_args!(
            "the session lasts {} instead of {}, the most that the role allows; raise the role's maximum session duration \
             for a longer one",
            log::duration(got),
            log::duration(settings.duration)
        ));
    }
    let (ends, until) = (session.expires, assumer.renewable_until(session.expires));
    let renewal = match settings.credentials {
        Credentials::Endpoint if until > ends => format!(", renewable until {}", log::time(until)),
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
