//! Calls to the AWS Security Token Service.

use std::{fmt, mem, ops::ControlFlow, time::Duration};

use aws_sdk_sts::{
    Client,
    config::{
        BehaviorVersion, Credentials, Region as SdkRegion, SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    types::{AssumedRoleUser, Credentials as Issued, PolicyDescriptorType, Tag},
};
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextMut},
        orchestrator::HttpResponse,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use http_body_util::Limited;
use keyless_core::{
    aws::{Region, RoleArn, SessionName},
    oidc::StepToken,
};
use tokio::time::{Instant, sleep};

use crate::{
    network::{ANSWER_LIMIT, ATTEMPT_LIMIT, CONNECT_LIMIT, Network, innermost, suffix},
    refusal::Refusal,
    session::Session,
};

/// The limit of a call with all its attempts.
const TOTAL_LIMIT: Duration = Duration::from_mins(1);
/// The longest pause before the second attempt; it doubles for each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How often a call that got no answer is made in all.
const ATTEMPTS_WITHOUT_ANSWER: u32 = 4;

/// A client of STS in one region.
#[derive(Debug)]
pub struct Sts {
    region: SdkRegion,
    endpoint: String,
    http: SharedHttpClient,
}

/// What to ask for a session with.
#[derive(Clone, Copy, Debug)]
pub struct WebIdentity<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The session's name.
    pub session_name: &'a SessionName,
    /// The step's token.
    pub token: &'a StepToken,
    /// The session's length in seconds: 900 to 43200, and not more than the role allows.
    pub duration: u32,
    /// An inline policy that limits the session.
    pub policy: Option<&'a str>,
    /// Managed policies that limit the session.
    pub policy_arns: &'a [String],
    /// When the token's life ends; no attempt is made after it.
    pub deadline: Option<Instant>,
}

/// What to ask for a further role's session with.
#[derive(Clone, Copy, Debug)]
pub struct ChainedRole<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The session's name.
    pub session_name: &'a SessionName,
    /// What the role's trust policy may ask for.
    pub external_id: Option<&'a str>,
    /// The session's tags: key and value.
    pub tags: &'a [(String, String)],
    /// The keys of the tags that the sessions of further roles keep.
    pub transitive_tag_keys: &'a [String],
    /// The session's length in seconds: 900 to 3600.
    pub duration: u32,
}

/// Who AWS says a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: String,
    /// The session's ARN.
    pub arn: String,
}

/// Why STS issued no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StsError {
    /// STS refused the call.
    #[error("AWS refused the session: {said}")]
    Refused {
        /// The cause.
        refusal: Refusal,
        /// STS's own message.
        said: Said,
    },
    /// No answer in time.
    #[error("no answer from {endpoint} within {} s", ATTEMPT_LIMIT.as_secs())]
    TimedOut {
        /// The URL that was called.
        endpoint: String,
    },
    /// No connection, or one that was closed.
    #[error("cannot connect to {endpoint}{}", suffix(cause))]
    Unreachable {
        /// The URL that was called.
        endpoint: String,
        /// The cause as the layer below reports it.
        cause: String,
    },
    /// Not an answer of STS.
    #[error("unexpected answer from {endpoint}: not an answer of STS")]
    Unreadable {
        /// The URL that was called.
        endpoint: String,
    },
}

/// An error answer as AWS wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Such as `AccessDenied`.
    pub code: String,
    /// The message.
    pub message: String,
    /// What AWS support asks for.
    pub request_id: Option<String>,
}

impl Sts {
    /// A client for a region. `endpoint` replaces the region's own, for a VPC endpoint or an emulator.
    pub fn new(region: &Region, endpoint: Option<String>, network: &Network) -> Self {
        let endpoint = endpoint.unwrap_or_else(|| region.sts_endpoint());
        let network = network.clone();
        let http = Builder::new().build_with_connector_fn(move |settings, parts| network.connector(settings, parts));
        Self { region: SdkRegion::new(region.name().to_owned()), endpoint, http }
    }

    /// `signer` signs; without one the calls are unsigned.
    fn client(&self, signer: Option<&Session>) -> Client {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_LIMIT).operation_attempt_timeout(ATTEMPT_LIMIT).build();
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .endpoint_url(&self.endpoint)
            .http_client(self.http.clone())
            .interceptor(AnswerLimit)
            .timeout_config(timeouts);
        Client::from_conf(match signer {
            // The SDK corrects a clock that is off when it repeats a signed call.
            Some(session) => config
                .retry_config(RetryConfig::standard())
                .credentials_provider(Credentials::new(
                    &session.access_key_id,
                    session.secret_access_key(),
                    Some(session.session_token().to_owned()),
                    Some(session.expires),
                    "keyless",
                ))
                .build(),
            // Repeating is decided here, by cause: the SDK would not repeat all that can pass.
            None => config.retry_config(RetryConfig::disabled()).build(),
        })
    }

    /// Asks for a role session with a step's token. The call is not signed: the token is the proof.
    ///
    /// Causes that can pass are tried again after a pause; `on_retry` hears of each with the pause to come, and may end it.
    ///
    /// # Errors
    /// [`StsError`] of the last attempt.
    pub async fn assume_role_with_web_identity(
        &self,
        request: &WebIdentity<'_>,
        mut on_retry: impl AsyncFnMut(&StsError, Duration) -> ControlFlow<()>,
    ) -> Result<Session, StsError> {
        let client = self.client(None);
        let limit = Instant::now() + TOTAL_LIMIT;
        let deadline = request.deadline.map_or(limit, |deadline| deadline.min(limit));
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&client, request).await {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            let pause = error.pause(attempt);
            if attempt >= error.attempts() || Instant::now() + pause >= deadline {
                return Err(error);
            }
            if on_retry(&error, pause).await.is_break() {
                return Err(error);
            }
            sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, client: &Client, request: &WebIdentity<'_>) -> Result<Session, StsError> {
        let policies = request.policy_arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build());
        let answer = client
            .assume_role_with_web_identity()
            .role_arn(request.role.as_str())
            .role_session_name(request.session_name.as_str())
            .web_identity_token(request.token.expose())
            .duration_seconds(seconds(request.duration))
            .set_policy(request.policy.map(str::to_owned))
            .set_policy_arns((!request.policy_arns.is_empty()).then(|| policies.collect()))
            .send()
            .await
            .map_err(|error| self.error(error))?;
        self.session(answer.credentials, answer.assumed_role_user)
    }

    /// Asks for a further role's session, signed with the one before it.
    ///
    /// # Errors
    /// [`StsError`]; what can pass was tried again.
    pub async fn assume_role(&self, signer: &Session, request: &ChainedRole<'_>) -> Result<Session, StsError> {
        // Key and value are set, without which there is no tag.
        let tags = request.tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok());
        let answer = self
            .client(Some(signer))
            .assume_role()
            .role_arn(request.role.as_str())
            .role_session_name(request.session_name.as_str())
            .set_external_id(request.external_id.map(str::to_owned))
            .set_tags((!request.tags.is_empty()).then(|| tags.collect()))
            .set_transitive_tag_keys(
                (!request.transitive_tag_keys.is_empty()).then(|| request.transitive_tag_keys.to_vec()),
            )
            .duration_seconds(seconds(request.duration))
            .send()
            .await
            .map_err(|error| self.error(error))?;
        self.session(answer.credentials, answer.assumed_role_user)
    }

    /// Asks AWS who a session is: the proof that it works, and in which account. A session that was issued a moment ago may not
    /// be known yet; `on_retry` hears of each attempt for that reason.
    ///
    /// # Errors
    /// [`StsError`]; what can pass was tried again.
    pub async fn caller_identity(
        &self,
        session: &Session,
        mut on_retry: impl FnMut(&StsError, Duration),
    ) -> Result<Identity, StsError> {
        let client = self.client(Some(session));
        let mut attempt = 1;
        let answer = loop {
            let error = match client.get_caller_identity().send().await {
                Ok(answer) => break answer,
                Err(error) => self.error(error),
            };
            let is_unknown = matches!(error, StsError::Refused { refusal: Refusal::SessionUnknown, .. });
            if !is_unknown || attempt >= error.attempts() {
                return Err(error);
            }
            let pause = error.pause(attempt);
            on_retry(&error, pause);
            sleep(pause).await;
            attempt += 1;
        };
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(self.unreadable()),
        }
    }

    fn session(&self, credentials: Option<Issued>, user: Option<AssumedRoleUser>) -> Result<Session, StsError> {
        let credentials = credentials.ok_or_else(|| self.unreadable())?;
        if credentials.access_key_id.is_empty() || credentials.secret_access_key.is_empty() {
            return Err(self.unreadable());
        }
        // What the answer lacks is the beginning of time for the SDK.
        if credentials.expiration.secs() <= 0 {
            return Err(self.unreadable());
        }
        let expires = credentials.expiration.try_into().map_err(|_| self.unreadable())?;
        let arn = user.map(|user| user.arn).unwrap_or_default();
        let Issued { access_key_id, secret_access_key, session_token, .. } = credentials;
        Ok(Session::new(access_key_id, secret_access_key, session_token, expires, arn))
    }

    fn unreadable(&self) -> StsError {
        StsError::Unreadable { endpoint: self.endpoint.clone() }
    }

    fn error<E: ProvideErrorMetadata>(&self, error: SdkError<E, HttpResponse>) -> StsError {
        let endpoint = self.endpoint.clone();
        match error {
            SdkError::ServiceError(context) => {
                let (meta, status) = (context.err().meta(), context.raw().status().as_u16());
                let (code, message) = (meta.code().unwrap_or_default(), meta.message().unwrap_or_default());
                if code.is_empty() && (200..500).contains(&status) {
                    return StsError::Unreadable { endpoint };
                }
                let said = Said {
                    code: if code.is_empty() { format!("HTTP {status}") } else { code.to_owned() },
                    message: message.trim().to_owned(),
                    request_id: meta.request_id().map(str::to_owned),
                };
                StsError::Refused { refusal: Refusal::read(status, code, message), said }
            }
            SdkError::TimeoutError(_) => StsError::TimedOut { endpoint },
            SdkError::DispatchFailure(failure) if failure.is_timeout() => StsError::TimedOut { endpoint },
            SdkError::DispatchFailure(failure) => {
                let cause = failure.as_connector_error().map(|error| innermost(error)).unwrap_or_default();
                StsError::Unreachable { endpoint, cause }
            }
            _ => StsError::Unreadable { endpoint },
        }
    }
}

/// Ends an answer that is larger than any of STS.
#[derive(Debug)]
struct AnswerLimit;

impl Intercept for AnswerLimit {
    fn name(&self) -> &'static str {
        "AnswerLimit"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = mem::replace(context.response_mut().body_mut(), SdkBody::taken());
        *context.response_mut().body_mut() = SdkBody::from_body_1_x(Limited::new(body, ANSWER_LIMIT));
        Ok(())
    }
}

fn seconds(duration: u32) -> i32 {
    i32::try_from(duration).unwrap_or(i32::MAX)
}

/// Full jitter: anything up to a limit that doubles.
pub(crate) fn pause_after(attempt: u32) -> Duration {
    let limit = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_PAUSE);
    limit.mul_f64(fastrand::f64())
}

impl StsError {
    /// The pause after an attempt.
    fn pause(&self, attempt: u32) -> Duration {
        match self {
            Self::Refused { refusal, .. } => refusal.pause(attempt).unwrap_or_else(|| pause_after(attempt)),
            _ => pause_after(attempt),
        }
    }

    /// How often the same call is worth making in all.
    fn attempts(&self) -> u32 {
        match self {
            Self::Refused { refusal, .. } => refusal.attempts(),
            Self::TimedOut { .. } | Self::Unreachable { .. } | Self::Unreadable { .. } => ATTEMPTS_WITHOUT_ANSWER,
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}
