//! The session: assumed with the step's token, stepped down to what the role allows, carried through a chain of roles,
//! checked, and renewed for as long as the token lives.

use std::{
    cell::Cell,
    fmt, fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use keyless_aws::{
    Attempted, ChainedRole, CredentialsEndpoint, Endpoints, Explanation, Identity, Inventory, Network, Refusal,
    Session, Sts, StsError, WebIdentity,
};
use keyless_core::{
    aws::{AccountId, RoleArn, SessionName},
    oidc::StepToken,
};
use tokio::time::{Instant, sleep};

use crate::{
    endpoints::endpoint,
    log,
    run::Variables,
    settings::{SessionSettings, TrustPolicy},
    step::Step,
    trust,
};

/// Lengths to fall back to, in seconds: a role's maximum is a number of hours (IAM API reference, `MaxSessionDuration`).
const STEPS_DOWN: [u32; 5] = [8 * 3600, 6 * 3600, 4 * 3600, 2 * 3600, 3600];
/// How long before its end a session is replaced: SDKs look for new credentials five minutes before the end.
const RENEWED_BEFORE: Duration = Duration::from_mins(10);
/// How long before the token's end the last session is asked for.
const TOKEN_MARGIN: Duration = Duration::from_secs(30);

/// Asks for sessions.
#[derive(Debug)]
pub struct Assumer<'a> {
    settings: &'a SessionSettings,
    token: &'a StepToken,
    name: SessionName,
    sts: Sts,
    network: Network,
    /// The address that replaces IAM's own.
    iam: Option<String>,
    /// What the role turned out to allow, in seconds.
    duration: Cell<u32>,
}

/// Why there is no session, or none that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// The first role, and the length that was asked for.
    WebIdentity(StsError, u32),
    /// A role of the chain.
    Chain(RoleArn, StsError),
    /// AWS did not say who the session is.
    Identity(StsError),
    /// The session belongs to an account that is not the role's.
    Account {
        /// What AWS said.
        found: String,
        /// The role's.
        expected: AccountId,
    },
}

impl<'a> Assumer<'a> {
    /// Gets ready; nothing is called yet. A session without a name in the settings is called after the step.
    pub fn new(
        settings: &'a SessionSettings,
        token: &'a StepToken,
        environment: &Variables,
        network: &Network,
    ) -> Self {
        let name = settings.name.clone().unwrap_or_else(|| Step::new(environment).session_name());
        let duration = u32::try_from(settings.duration.as_secs()).unwrap_or(u32::MAX);
        let sts = Sts::new(&settings.region, endpoint(environment, "STS"), network);
        let iam = endpoint(environment, "IAM");
        Self { settings, token, name, sts, network: network.clone(), iam, duration: Cell::new(duration) }
    }

    /// Who to be.
    pub fn settings(&self) -> &SessionSettings {
        self.settings
    }

    /// The session's name.
    pub fn name(&self) -> &SessionName {
        &self.name
    }

    /// A session of the last role.
    ///
    /// # Errors
    /// [`SessionError`] with the role that failed.
    pub async fn assume(&self) -> Result<Session, SessionError> {
        let mut session = self.assume_first().await?;
        for link in &self.settings.chain {
            let request = ChainedRole {
                role: &link.role,
                session_name: &self.name,
                external_id: link.external_id.as_deref(),
                duration: self.duration.get().min(3600),
            };
            session = self
                .sts
                .assume_role(&session, &request)
                .await
                .map_err(|error| SessionError::Chain(link.role.clone(), error))?;
        }
        Ok(session)
    }

    async fn assume_first(&self) -> Result<Session, SessionError> {
        loop {
            let asked = self.duration.get();
            let request = WebIdentity {
                role: &self.settings.role,
                session_name: &self.name,
                token: self.token,
                duration: asked,
                policy: self.settings.policy.as_deref(),
                policy_arns: &self.settings.policy_arns,
                deadline: Some(Instant::now() + until(self.token_end())),
            };
            let said = |error: &StsError, pause| {
                log::warning(format_args!("{error}; trying again in {}", log::duration(pause)));
            };
            let error = match self.sts.assume_role_with_web_identity(&request, said).await {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            let lower = STEPS_DOWN.into_iter().find(|step| *step < asked);
            match (&error, lower) {
                (StsError::Refused { refusal: Refusal::DurationTooLong, .. }, Some(lower)) => self.duration.set(lower),
                _ => return Err(SessionError::WebIdentity(error, asked)),
            }
        }
    }

    /// Whether the session is shorter than asked for: its length then.
    pub fn stepped_down(&self) -> Option<Duration> {
        let got = Duration::from_secs(self.duration.get().into());
        (got < self.settings.duration).then_some(got)
    }

    /// Asks AWS who the session is, and compares the account with the role's: the last look before the first change.
    ///
    /// # Errors
    /// [`SessionError::Identity`] or [`SessionError::Account`].
    pub async fn verify(&self, session: &Session) -> Result<Identity, SessionError> {
        let identity = self.sts.caller_identity(session).await.map_err(SessionError::Identity)?;
        let expected = self.settings.last_role().account();
        if identity.account == expected.as_str() {
            Ok(identity)
        } else {
            Err(SessionError::Account { found: identity.account, expected: expected.clone() })
        }
    }

    /// Replaces the endpoint's session shortly before its end, and once more just before the token's end. Never returns:
    /// to be dropped when the child ended.
    pub async fn renew(&self, endpoint: &CredentialsEndpoint, mut expires: SystemTime) {
        loop {
            let Some(at) = self.next_renewal(expires, SystemTime::now()) else {
                return std::future::pending().await;
            };
            sleep(until(at)).await;
            match self.assume().await {
                Ok(session) => {
                    expires = session.expires;
                    endpoint.replace(session);
                }
                Err(error) => {
                    log::warning(format_args!("the session could not be renewed: {error}"));
                    return std::future::pending().await;
                }
            }
        }
    }

    /// When to ask for the next session: near the end of this one, but while the token lives; nothing when a new one would
    /// hardly last longer.
    fn next_renewal(&self, expires: SystemTime, now: SystemTime) -> Option<SystemTime> {
        let near_end = expires.checked_sub(RENEWED_BEFORE)?;
        let at = near_end.min(self.token_end().checked_sub(TOKEN_MARGIN)?);
        let new_end = at + Duration::from_secs(self.duration.get().into());
        (at > now && new_end > expires + TOKEN_MARGIN).then_some(at)
    }

    /// How long credentials can be had at the most: the length of a session that is asked for when the token ends.
    pub fn renewable_until(&self, expires: SystemTime) -> SystemTime {
        self.next_renewal(expires, SystemTime::now())
            .map_or(expires, |_| self.token_end() + Duration::from_secs(self.duration.get().into()))
    }

    fn token_end(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.token.claims().exp)
    }

    /// What a person can do about an error.
    pub async fn explain(&self, error: &SessionError) -> Option<Explanation> {
        match error {
            SessionError::WebIdentity(StsError::Refused { refusal, .. }, duration) => {
                let mut explanation = refusal.explain(&Attempted {
                    role: &self.settings.role,
                    claims: self.token.claims(),
                    region: &self.settings.region,
                    duration: *duration,
                });
                if let (Refusal::NotTrusted, Some(policy)) = (refusal, &self.settings.trust_policy) {
                    explanation.compared.push(("trust policy", self.judge(policy).await));
                }
                Some(explanation)
            }
            SessionError::Chain(role, StsError::Refused { .. }) => {
                let before = self.settings.chain.iter().position(|link| link.role == *role).unwrap_or_default();
                let signer =
                    before.checked_sub(1).map_or(&self.settings.role, |index| &self.settings.chain[index].role);
                Some(Explanation {
                    cause: format!("the role {role} of ROLE_CHAIN cannot be assumed"),
                    compared: vec![("from", signer.to_string()), ("to", role.to_string())],
                    remedy: format!(
                        "both sides must allow it: a permission of {signer} for sts:AssumeRole on {role}, and a trust policy \
                         of {role} that names {signer}; if that policy asks for an external id, write ARN#external-id"
                    ),
                })
            }
            _ => None,
        }
    }
}

impl Assumer<'_> {
    /// What the role's trust policy says of the token, as text.
    async fn judge(&self, policy: &TrustPolicy) -> String {
        let role = &self.settings.role;
        let (place, text) = match policy {
            TrustPolicy::File(file) => {
                (file.display().to_string(), fs::read_to_string(file).map_err(|error| error.to_string()))
            }
            TrustPolicy::Iam(keys) => {
                let endpoints = Endpoints { iam: self.iam.clone(), ..Endpoints::default() };
                let iam = Inventory::new(keys.clone(), &self.settings.region, endpoints).over(&self.network);
                let read = iam.role(role).await.map(|role| role.to_json());
                let place = format!("read from IAM with {}", keys.access_key_id);
                (place, read.map_err(|error| format!("iam:GetRole failed: {error}")))
            }
        };
        let said =
            text.and_then(|text| trust::judge(&text, role, self.token.claims()).map_err(|error| error.to_string()));
        let said = said.map_or_else(|error| error, |evaluation| evaluation.to_string());
        format!("{place}\n{}", said.trim_end())
    }
}

fn until(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::now()).unwrap_or_default()
}

impl SessionError {
    /// What STS itself said, when it said something.
    pub fn sts(&self) -> Option<&StsError> {
        match self {
            Self::WebIdentity(error, _) | Self::Chain(_, error) | Self::Identity(error) => Some(error),
            Self::Account { .. } => None,
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebIdentity(error, _) => error.fmt(f),
            Self::Chain(role, error) => write!(f, "the role {role} of ROLE_CHAIN: {error}"),
            Self::Identity(error) => write!(f, "the session was not recognised: {error}"),
            Self::Account { found, expected } => {
                write!(f, "the session belongs to account {found} instead of {expected}, the role's own")
            }
        }
    }
}

impl std::error::Error for SessionError {}
