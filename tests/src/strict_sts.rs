//! An STS in front of the emulator that validates a token as AWS does and the emulator does not: its signature with the
//! issuer's keys, its issuer among the account's identity providers, expiry, client ids, and the role's maximum session
//! duration. Valid calls are forwarded to the emulator that evaluates the trust policy, all other actions to the emulator
//! that receives the deployments.
//!
//! Codes and messages are those that AWS answers with (STS API reference, `AssumeRoleWithWebIdentity`).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::Bytes,
    header::{HeaderMap, HeaderName, HeaderValue, LOCATION},
};
use serde_json::Value;
use ureq::Agent;

use crate::{
    aws::{Api, ApiError, text, texts},
    secrets,
    server::{Closed, Server},
    step,
    token::{Jwks, Verdict},
};

/// The request id of all its responses.
pub const REQUEST_ID: &str = "c0ffee00-0000-4000-8000-000000000000";

/// A fault instead of a proper response to `AssumeRoleWithWebIdentity` or `AssumeRole`.
#[derive(Clone, Debug)]
pub enum Fault {
    /// No fault.
    None,
    /// An error response: status, code, message.
    Answer(u16, &'static str, &'static str),
    /// An error response to the next `GetCallerIdentity` instead.
    Identity(u16, &'static str, &'static str),
    /// A response that is not XML.
    Garbage,
    /// A response with any status and body, whatever they mean.
    Body(u16, &'static str),
    /// A response whose body has this many bytes.
    Large(usize),
    /// A response that leads elsewhere: status and URL.
    Redirect(u16, String),
    /// The first quarter of the proper response, which breaks off before its end.
    Part,
    /// The proper response in which one text is replaced by another.
    Changed(&'static str, &'static str),
    /// The connection is closed without a response.
    Reset,
    /// The response is delayed by this time.
    Slow(Duration),
    /// The session ends after this time, whatever duration was requested.
    Short(Duration),
}

/// A running STS. It stops when dropped.
#[derive(Debug)]
pub struct StrictSts {
    server: Server,
    issued: Arc<Mutex<Vec<String>>>,
    sessions: Arc<Mutex<HashMap<String, String>>>,
    faults: Arc<Mutex<Faults>>,
}

/// The faults, in order, and the number of calls so far.
#[derive(Debug, Default)]
struct Faults {
    queue: VecDeque<Fault>,
    asked: usize,
    requests: Vec<HashMap<String, String>>,
}

struct State {
    faults: Arc<Mutex<Faults>>,
    clock: Duration,
    jwks: Jwks,
    judge: Api,
    judge_url: String,
    deployed_url: String,
    agent: Agent,
    issued: Arc<Mutex<Vec<String>>>,
    sessions: Arc<Mutex<HashMap<String, String>>>,
}

/// A response to send.
struct Answer {
    status: u16,
    body: String,
}

impl StrictSts {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(jwks: Jwks, judge_url: &str, deployed_url: &str) -> Self {
        Self::start_with(jwks, judge_url, deployed_url, Vec::new(), Duration::ZERO)
    }

    /// Like [`Self::start`], with faults for the first calls and a clock that is fast.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start_with(jwks: Jwks, judge_url: &str, deployed_url: &str, faults: Vec<Fault>, clock: Duration) -> Self {
        let issued = Arc::new(Mutex::new(Vec::new()));
        let sessions: Arc<Mutex<HashMap<String, String>>> = Arc::default();
        let faults = Arc::new(Mutex::new(Faults { queue: faults.into(), ..Faults::default() }));
        let state = State {
            faults: Arc::clone(&faults),
            clock,
            jwks,
            judge: Api::new(judge_url),
            judge_url: judge_url.to_owned(),
            deployed_url: deployed_url.to_owned(),
            agent: Agent::config_builder().http_status_as_error(false).build().into(),
            issued: Arc::clone(&issued),
            sessions: Arc::clone(&sessions),
        };
        let server = Server::start(move |request| state.handle(&request));
        Self { server, issued, sessions, faults }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// How many sessions were requested.
    pub fn asked(&self) -> usize {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).asked
    }

    /// The forms of all calls, in order, without the token.
    pub fn requests(&self) -> Vec<HashMap<String, String>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// The role whose session has an access key with this id.
    pub fn role_of(&self, access_key: &str) -> Option<String> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(access_key).cloned()
    }

    /// Every secret key and session token that it issued.
    pub fn issued(&self) -> Vec<String> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn is_web_identity(form: &HashMap<String, String>) -> bool {
    form.get("Action").is_some_and(|action| action == "AssumeRoleWithWebIdentity")
}

impl State {
    fn handle(&self, request: &Request<Bytes>) -> Result<Response<Full<Bytes>>, Closed> {
        let mut location = None;
        let answer = match self.fault(request.body()) {
            Some(Fault::Reset) => return Err(Closed),
            Some(Fault::Garbage) => Answer { status: 200, body: "<html>not what you asked for".to_owned() },
            Some(Fault::Answer(status, code, message) | Fault::Identity(status, code, message)) => {
                refusal(status, code, message).into()
            }
            Some(Fault::Body(status, body)) => Answer { status, body: body.to_owned() },
            Some(Fault::Large(length)) => Answer { status: 200, body: "x".repeat(length) },
            Some(Fault::Redirect(status, url)) => {
                location = HeaderValue::from_str(&url).ok();
                Answer { status, body: String::new() }
            }
            Some(Fault::Part) => {
                let answer = self.answer(request.headers(), request.body());
                let part = answer.body.chars().take(answer.body.len() / 4).collect();
                Answer { body: part, ..answer }
            }
            Some(Fault::Changed(from, to)) => {
                let answer = self.answer(request.headers(), request.body());
                assert!(answer.body.contains(from), "`{from}` is not in the answer");
                Answer { body: answer.body.replace(from, to), ..answer }
            }
            Some(Fault::Slow(time)) => {
                thread::sleep(time);
                refusal(503, "ServiceUnavailable", "too late").into()
            }
            Some(Fault::Short(length)) => {
                let answer = self.answer(request.headers(), request.body());
                let end = text(&answer.body, "Expiration").unwrap_or_default();
                Answer { body: answer.body.replace(&end, &step::timestamp(step::now() + length.as_secs())), ..answer }
            }
            Some(Fault::None) | None => self.answer(request.headers(), request.body()),
        };
        let mut response = Response::new(Full::new(Bytes::from(answer.body)));
        *response.status_mut() = answer.status.try_into().unwrap_or_default();
        let headers = [("content-type", "text/xml"), ("x-amzn-requestid", REQUEST_ID)];
        for (name, value) in headers {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response.headers_mut().extend(location.map(|url| (LOCATION, url)));
        Ok(response)
    }

    /// The next fault.
    fn fault(&self, body: &[u8]) -> Option<Fault> {
        let mut form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        form.remove("WebIdentityToken");
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.requests.push(form.clone());
        let action = form.get("Action").map(String::as_str).unwrap_or_default();
        let is_session = action.starts_with("AssumeRole");
        faults.asked += usize::from(is_session);
        let is_identity = matches!(faults.queue.front(), Some(Fault::Identity(..)));
        let concerned = if is_identity { action == "GetCallerIdentity" } else { is_session };
        if concerned { faults.queue.pop_front() } else { None }
    }

    fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Answer {
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let answer = if is_web_identity(&form) {
            match self.judge(&form) {
                Ok(()) => self.forward(&self.judge_url, headers, body),
                Err(refusal) => refusal.into(),
            }
        } else {
            match self.check_tags(&form) {
                Ok(()) => self.forward(&self.deployed_url, headers, body),
                Err(refusal) => refusal.into(),
            }
        };
        if let Some((key, role)) = text(&answer.body, "AccessKeyId").zip(form.get("RoleArn")) {
            self.sessions.lock().unwrap_or_else(PoisonError::into_inner).insert(key, role.clone());
        }
        let secrets = ["SecretAccessKey", "SessionToken"].into_iter().flat_map(|name| texts(&answer.body, name));
        let secrets: Vec<String> = secrets.collect();
        for secret in &secrets {
            secrets::remember(secret);
        }
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).extend(secrets);
        answer
    }

    /// What AWS checks before it evaluates the trust policy.
    fn judge(&self, form: &HashMap<String, String>) -> Result<(), ApiError> {
        let parameter = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let invalid = |message: &str| refusal(400, "InvalidIdentityToken", message);
        // Atlassian's guide writes the token with `echo`, and AWS accepts the line break at its end.
        let claims = match self.jwks.verify(parameter("WebIdentityToken").trim_end()) {
            Verdict::Signed(claims) => claims,
            Verdict::NotAToken => {
                return Err(invalid(
                    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
                ));
            }
            Verdict::NoKey => {
                return Err(invalid(
                    "Couldn't retrieve verification key from your identity provider,  please reference \
                     AssumeRoleWithWebIdentity documentation for requirements",
                ));
            }
            Verdict::BadSignature => {
                return Err(invalid(
                    "The web identity token that was passed could not be validated by AWS. Get a new identity token from the \
                     identity provider and then retry the request.",
                ));
            }
        };
        let role = parameter("RoleArn");
        self.check_provider(role, &claims)?;
        let (now, exp) = (step::now() + self.clock.as_secs(), claims["exp"].as_u64().unwrap_or_default());
        if exp <= now {
            let message =
                format!("Token expired: current date/time {now} must be before the expiration date/time {exp}");
            return Err(refusal(400, "ExpiredTokenException", &message));
        }
        self.check_duration(role, parameter("DurationSeconds"))
    }

    fn check_provider(&self, role: &str, claims: &Value) -> Result<(), ApiError> {
        let issuer = claims["iss"].as_str().unwrap_or_default();
        let account = role.split(':').nth(4).unwrap_or_default();
        let host = issuer.strip_prefix("https://").unwrap_or(issuer);
        let arn = format!("arn:aws:iam::{account}:oidc-provider/{host}");
        let provider = self
            .judge
            .query("iam", "GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)])
            .map_err(|_| {
                let message = format!("No OpenIDConnect provider found in your account for {issuer}");
                refusal(400, "InvalidIdentityToken", &message)
            })?;
        let audiences: Vec<&str> = match &claims["aud"] {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let known = texts(&provider, "member");
        if audiences.iter().any(|audience| known.iter().any(|id| id == audience)) {
            Ok(())
        } else {
            Err(refusal(400, "InvalidIdentityToken", "Incorrect token audience"))
        }
    }

    fn check_duration(&self, role: &str, asked: &str) -> Result<(), ApiError> {
        let name = role.rsplit('/').next().unwrap_or_default();
        // The emulator rejects a role that does not exist.
        let Ok(role) = self.judge.query("iam", "GetRole", &[("RoleName", name)]) else { return Ok(()) };
        let longest = text(&role, "MaxSessionDuration").and_then(|text| text.parse().ok()).unwrap_or(3600_u32);
        if asked.parse::<u32>().is_ok_and(|asked| asked > longest) {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(refusal(400, "ValidationError", message));
        }
        Ok(())
    }

    /// What AWS checks about the tags of `AssumeRole`: their keys, and that the role's trust policy allows `sts:TagSession`. A
    /// role that the evaluating emulator does not have allows it.
    fn check_tags(&self, form: &HashMap<String, String>) -> Result<(), ApiError> {
        let invalid = |message: &str| Err(refusal(400, "ValidationError", message));
        let member = |name: &str, part: &str| {
            let values = (1..).map_while(|index: usize| form.get(&format!("{name}.member.{index}{part}")));
            values.map(|key| key.to_lowercase()).collect::<Vec<_>>()
        };
        let (keys, transitive) = (member("Tags", ".Key"), member("TransitiveTagKeys", ""));
        if keys.iter().enumerate().any(|(index, key)| keys[..index].contains(key)) {
            return invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
        }
        if keys.len() > 50 || keys.iter().any(|key| key.starts_with("aws:")) {
            return invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint");
        }
        if transitive.iter().any(|key| !keys.contains(key)) {
            return invalid("1 validation error detected: Value at 'transitiveTagKeys' failed to satisfy constraint");
        }
        let arn = form.get("RoleArn").map(String::as_str).unwrap_or_default();
        let name = arn.rsplit('/').next().unwrap_or_default();
        let role = self.judge.query("iam", "GetRole", &[("RoleName", name)]).ok();
        let allows = |role: &String| role.contains("sts:TagSession") || role.contains("sts%3ATagSession");
        if !keys.is_empty() && role.is_some_and(|role| !allows(&role)) {
            let message = format!(
                "User: arn:aws:sts::000000000000:assumed-role/deploy/session is not authorized to perform: \
                         sts:TagSession on resource: {arn}"
            );
            return Err(refusal(403, "AccessDenied", &message));
        }
        Ok(())
    }

    fn forward(&self, url: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
        let passed = ["authorization", "content-type", "x-amz-date", "x-amz-security-token", "user-agent"];
        let mut request = self.agent.post(url);
        for name in passed.map(HeaderName::from_static) {
            if let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) {
                request = request.header(name.as_str(), value);
            }
        }
        let mut answer = request.send(body).expect("the emulator answers");
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_string().expect("XML is text");
        // Its rejections get the fixed request id, so that tests can compare them in full.
        if status >= 300 { ApiError::from_xml(status, &body).into() } else { Answer { status, body } }
    }
}

fn refusal(status: u16, code: &str, message: &str) -> ApiError {
    ApiError { status, code: code.to_owned(), message: message.to_owned() }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{}</Code>\
             <Message>{}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
            escape(&error.code),
            escape(&error.message)
        );
        Self { status: error.status, body }
    }
}
