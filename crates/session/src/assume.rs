//! Sessions: assumed with the step's token, as long as the role allows, through a chain of roles, verified, and renewed while
//! the token is valid.

use std::{
    cell::{Cell, OnceCell},
    fs, future,
    ops::ControlFlow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use keyless_aws::{
    Attempted, ChainedRole, CredentialsEndpoint, Endpoints, Environment, Explanation, Identity, Inventory, Network,
    Refusal, Session, Sts, StsError, TAG_SESSION, WebIdentity,
};
use keyless_bitbucket::Step;
use keyless_core::{
    aws::{AccountId, RoleArn, SessionName},
    iam::evaluate::{Evaluation, Verdict},
    oidc::StepToken,
};
use tokio::time::{Instant, sleep};

use crate::{
    log,
    settings::{SessionSettings, SessionTags, TrustPolicy},
    trust,
};

/// Lengths to fall back to, in seconds: a role's maximum is a number of hours (IAM API reference, `MaxSessionDuration`).
const STEPS_DOWN: [u32; 5] = [8 * 3600, 6 * 3600, 4 * 3600, 2 * 3600, 3600];
/// How long before its end a session is replaced: SDKs look for new credentials five minutes before the end.
const RENEWED_BEFORE: Duration = Duration::from_mins(10);
/// How long before the token's end the last session is asked for.
const TOKEN_MARGIN: Duration = Duration::from_secs(30);

/// Assumes the role of the settings.
#[derive(Debug)]
pub struct Assumer<'a> {
    settings: &'a SessionSettings,
    token: &'a StepToken,
    name: SessionName,
    sts: Sts,
    network: Network,
    /// The URL that replaces IAM's own.
    iam: Option<String>,
    /// The session's length that the role allows, in seconds, as far as is known.
    duration: Cell<u32>,
    /// The explanation of a refusal that was logged before the attempts that followed it.
    logged: OnceCell<Explanation>,
}

/// Why there is no session, or none that may be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The first role, and the length in seconds that was requested.
    #[error("{0}")]
    WebIdentity(#[source] StsError, u32),
    /// A role of the chain.
    #[error("role {0} of ROLE_CHAIN: {1}")]
    Chain(RoleArn, #[source] StsError),
    /// AWS did not confirm the session.
    #[error("the session could not be verified: {0}")]
    Identity(#[source] StsError),
    /// The session belongs to another account than the role.
    #[error("the session belongs to account {found}, but the role to {expected}")]
    Account {
        /// The session's account.
        found: String,
        /// The role's.
        expected: AccountId,
    },
}

impl<'a> Assumer<'a> {
    /// Calls nothing yet. A session without a name in the settings is named after the build.
    pub fn new(
        settings: &'a SessionSettings,
        token: &'a StepToken,
        environment: &Environment,
        network: &Network,
    ) -> Self {
        let name = settings.name.clone().unwrap_or_else(|| Step::new(environment).session_name());
        let duration = u32::try_from(settings.duration.as_secs()).unwrap_or(u32::MAX);
        let sts = Sts::new(&settings.region, environment.endpoint_url("STS"), network);
        let iam = environment.endpoint_url("IAM");
        Self {
            settings,
            token,
            name,
            sts,
            network: network.clone(),
            iam,
            duration: Cell::new(duration),
            logged: OnceCell::new(),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &'a SessionSettings {
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
        let first = self.assume_first(async |error, pause| match error {
            StsError::Refused { refusal: Refusal::NotTrusted, .. } => ControlFlow::Break(()),
            _ => retrying(error, pause),
        });
        self.continue_chain(first.await?).await
    }

    /// A session of the last role, which may have been created a moment ago: AWS refuses a role until it has distributed it. A
    /// refusal is explained in the log at once, and tried again unless the trust policy that the settings name rejects the token.
    ///
    /// # Errors
    /// [`SessionError`] with the role that failed.
    pub async fn assume_new(&self) -> Result<Session, SessionError> {
        let first = self.assume_first(async |error, pause| match error {
            StsError::Refused { refusal: Refusal::NotTrusted, .. } => self.wait_for_role(error, pause).await,
            _ => retrying(error, pause),
        });
        self.continue_chain(first.await?).await
    }

    /// Explains the first refusal in the log, and says how long AWS is given to know the role.
    async fn wait_for_role(&self, error: &StsError, pause: Duration) -> ControlFlow<()> {
        if self.logged.get().is_none()
            && let StsError::Refused { refusal, said } = error
        {
            let evaluated = self.evaluated().await;
            if matches!(&evaluated, Some((_, Ok(evaluation))) if evaluation.verdict == Verdict::Deny) {
                return ControlFlow::Break(());
            }
            let explanation = self.explain_first(*refusal, self.duration.get(), evaluated);
            log::refusal(Some(said), &explanation);
            let _ = self.logged.set(explanation);
        }
        log::warning(format_args!(
            "{error}; retrying in {}, in case the role or its trust policy is new",
            log::duration(pause)
        ));
        ControlFlow::Continue(())
    }

    async fn continue_chain(&self, mut session: Session) -> Result<Session, SessionError> {
        let (none, last) = (SessionTags::default(), self.settings.chain.len().saturating_sub(1));
        for (index, link) in self.settings.chain.iter().enumerate() {
            let tags = if index == last { &self.settings.tags } else { &none };
            let request = ChainedRole {
                role: &link.role,
                session_name: &self.name,
                external_id: link.external_id.as_deref(),
                tags: &tags.tags,
                transitive_tag_keys: &tags.transitive,
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

    async fn assume_first(
        &self,
        mut on_retry: impl AsyncFnMut(&StsError, Duration) -> ControlFlow<()>,
    ) -> Result<Session, SessionError> {
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
            let error = match self.sts.assume_role_with_web_identity(&request, &mut on_retry).await {
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

    /// The session's length, if it is shorter than requested.
    pub fn stepped_down(&self) -> Option<Duration> {
        let got = Duration::from_secs(self.duration.get().into());
        (got < self.settings.duration).then_some(got)
    }

    /// Asks AWS whose session it is, and compares the account with the role's, before anything is changed.
    ///
    /// # Errors
    /// [`SessionError::Identity`] or [`SessionError::Account`].
    pub async fn verify(&self, session: &Session) -> Result<Identity, SessionError> {
        let identity = self
            .sts
            .caller_identity(session, |error, pause| {
                let _ = retrying(error, pause);
            })
            .await
            .map_err(SessionError::Identity)?;
        let expected = self.settings.last_role().account();
        if identity.account == expected.as_str() {
            Ok(identity)
        } else {
            Err(SessionError::Account { found: identity.account, expected: expected.clone() })
        }
    }

    /// Replaces the endpoint's session shortly before its end, and once more just before the token's end. Never returns:
    /// it is dropped when the child ended.
    pub async fn renew(&self, endpoint: &CredentialsEndpoint, mut expires: SystemTime) {
        loop {
            let Some(at) = self.next_renewal(expires, SystemTime::now()) else {
                return future::pending().await;
            };
            sleep(until(at)).await;
            match self.assume().await {
                Ok(session) => {
                    expires = session.expires;
                    endpoint.replace(session);
                }
                Err(error) => {
                    log::warning(format_args!("cannot renew the session: {error}"));
                    return future::pending().await;
                }
            }
        }
    }

    /// When to request the next session: near the end of this one, while the token is valid; `None` when a new one would
    /// hardly last longer.
    fn next_renewal(&self, expires: SystemTime, now: SystemTime) -> Option<SystemTime> {
        let near_end = expires.checked_sub(RENEWED_BEFORE)?;
        let at = near_end.min(self.token_end().checked_sub(TOKEN_MARGIN)?);
        let new_end = at + Duration::from_secs(self.duration.get().into());
        (at > now && new_end > expires + TOKEN_MARGIN).then_some(at)
    }

    /// The latest end of a renewed session: that of one requested when the token ends.
    pub fn renewable_until(&self, expires: SystemTime) -> SystemTime {
        self.next_renewal(expires, SystemTime::now())
            .map_or(expires, |_| self.token_end() + Duration::from_secs(self.duration.get().into()))
    }

    fn token_end(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.token.claims().exp)
    }

    /// The cause of an error, and what to do about it.
    pub async fn explain(&self, error: &SessionError) -> Option<Explanation> {
        match error {
            SessionError::WebIdentity(StsError::Refused { refusal, .. }, duration) => {
                let is_of_policy = *refusal == Refusal::NotTrusted;
                let evaluated = if is_of_policy { self.evaluated().await } else { None };
                Some(self.explain_first(*refusal, *duration, evaluated))
            }
            SessionError::Chain(role, StsError::Refused { refusal, .. })
                if !matches!(
                    refusal,
                    Refusal::NotTrusted | Refusal::TagsNotAllowed | Refusal::Denied(_) | Refusal::Unknown
                ) =>
            {
                Some(refusal.explain(&Attempted {
                    role,
                    claims: self.token.claims(),
                    region: &self.settings.region,
                    duration: self.duration.get().min(3600),
                }))
            }
            SessionError::Chain(role, StsError::Refused { refusal, said }) => {
                let before = self.settings.chain.iter().position(|link| link.role == *role).unwrap_or_default();
                let signer =
                    before.checked_sub(1).map_or(&self.settings.role, |index| &self.settings.chain[index].role);
                let compared = vec![("from", signer.to_string()), ("to", role.to_string())];
                if let Refusal::Denied(kind) = refusal {
                    let is_tagging = said.message.contains(TAG_SESSION);
                    let (denied, action) =
                        if is_tagging { ("its tags", TAG_SESSION) } else { ("it", "sts:AssumeRole") };
                    return Some(Explanation {
                        cause: format!("role {role} of ROLE_CHAIN cannot be assumed: {} denies {denied}", kind.title()),
                        compared,
                        remedy: kind.remedy().replace("sts:AssumeRole", action),
                    });
                }
                if *refusal == Refusal::TagsNotAllowed {
                    return Some(Explanation {
                        cause: format!("role {role} of ROLE_CHAIN cannot be assumed with SESSION_TAGS"),
                        compared,
                        remedy: format!(
                            "allow {TAG_SESSION} together with sts:AssumeRole, in the trust policy of {role} for {signer} and in the \
                             permissions of {signer} on {role}; conditions such as aws:RequestTag and aws:TagKeys must match the \
                             tags"
                        ),
                    });
                }
                Some(Explanation {
                    cause: format!("role {role} of ROLE_CHAIN cannot be assumed"),
                    compared,
                    remedy: format!(
                        "grant sts:AssumeRole on {role} to {signer}, and allow {signer} in the trust policy of {role}; if that \
                         policy requires an external id, set ARN#external-id"
                    ),
                })
            }
            _ => None,
        }
    }
}

/// Where a trust policy is from, and its evaluation with the token.
type Evaluated = (String, Result<Evaluation, String>);

impl Assumer<'_> {
    /// The explanation that is in the log, if the error is the refusal that it explains.
    pub(crate) fn logged(&self, error: &SessionError) -> Option<&Explanation> {
        let is_same = |error: &&SessionError| {
            matches!(error, SessionError::WebIdentity(StsError::Refused { refusal: Refusal::NotTrusted, .. }, _))
        };
        Some(error).filter(is_same).and_then(|_| self.logged.get())
    }

    fn explain_first(&self, refusal: Refusal, duration: u32, evaluated: Option<Evaluated>) -> Explanation {
        let mut explanation = refusal.explain(&Attempted {
            role: &self.settings.role,
            claims: self.token.claims(),
            region: &self.settings.region,
            duration,
        });
        explanation.compared.extend(evaluated.map(|(source, evaluation)| {
            let evaluation = evaluation.map_or_else(|error| error, |evaluation| evaluation.to_string());
            ("trust policy", format!("{source}\n{}", evaluation.trim_end()))
        }));
        explanation
    }

    /// The evaluation of the trust policy that the settings name.
    async fn evaluated(&self) -> Option<Evaluated> {
        let role = &self.settings.role;
        let (source, text) = match self.settings.trust_policy.as_ref()? {
            TrustPolicy::File(file) => {
                (file.display().to_string(), fs::read_to_string(file).map_err(|error| error.to_string()))
            }
            TrustPolicy::Iam(keys) => {
                let endpoints = Endpoints { iam: self.iam.clone(), ..Endpoints::default() };
                let iam = Inventory::new(keys.clone(), &self.settings.region, endpoints).over(&self.network);
                let read = iam.role(role).await.map(|role| role.to_json());
                let source = format!("read from IAM with {}", keys.access_key_id);
                (source, read.map_err(|error| format!("iam:GetRole failed: {error}")))
            }
        };
        let evaluation = text.and_then(|text| {
            trust::evaluate_policy(&text, role, self.token.claims()).map_err(|error| error.to_string())
        });
        Some((source, evaluation))
    }
}

fn retrying(error: &StsError, pause: Duration) -> ControlFlow<()> {
    log::warning(format_args!("{error}; retrying in {}", log::duration(pause)));
    ControlFlow::Continue(())
}

fn until(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::now()).unwrap_or_default()
}

impl SessionError {
    /// The error of STS, if it is one.
    pub fn sts(&self) -> Option<&StsError> {
        match self {
            Self::WebIdentity(error, _) | Self::Chain(_, error) | Self::Identity(error) => Some(error),
            Self::Account { .. } => None,
        }
    }
}
