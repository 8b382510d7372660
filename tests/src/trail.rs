//! What CloudTrail is in an account: a server in front of the emulator that notes every call with the access key that signed it.

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::{
    HeaderMap, Request, Response,
    body::Bytes,
    header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use ureq::Agent;

use crate::server::Server;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The id of the access key; empty for a call without a signature.
    pub access_key: String,
    /// The service that the signature is for, such as `cloudformation`.
    pub service: String,
    /// The action, or the method for a service without names of actions.
    pub action: String,
}

/// A running trail. It stops when dropped.
#[derive(Debug)]
pub struct Trail {
    server: Server,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Trail {
    /// Starts one in front of the emulator at `url`, which must not verify signatures: they are for this server's address.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(url: &str) -> Self {
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let (noted, url) = (Arc::clone(&events), url.to_owned());
        let agent: Agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let server = Server::start(move |request| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(event(&request));
            Ok(forward(request, &url, &agent))
        });
        Self { server, events }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The calls since this was asked last.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn event(request: &Request<Bytes>) -> Event {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // AWS4-HMAC-SHA256 Credential=<access key>/<day>/<region>/<service>/aws4_request, …
    let credential = header("authorization").split_once("Credential=").map_or("", |(_, rest)| rest);
    let mut parts = credential.split('/');
    let access_key = parts.next().unwrap_or_default().to_owned();
    let service = parts.nth(2).unwrap_or_default().to_owned();
    let target = header("x-amz-target").rsplit('.').next().filter(|target| !target.is_empty()).map(str::to_owned);
    let named = || form_urlencoded::parse(request.body()).find(|(name, _)| name == "Action").map(|(_, action)| action);
    let action = target.or_else(|| named().map(Into::into)).unwrap_or_else(|| request.method().to_string());
    Event { access_key, service, action }
}

fn forward(request: Request<Bytes>, url: &str, agent: &Agent) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut forwarded = Request::builder().method(parts.method.clone()).uri(format!("{url}{path}"));
    for (name, value) in end_to_end(&parts.headers) {
        forwarded = forwarded.header(name, value);
    }
    let answer = if body.is_empty() {
        forwarded.body(()).map(|request| agent.run(request))
    } else {
        forwarded.body(&body[..]).map(|request| agent.run(request))
    };
    let mut answer = answer.expect("what was received can be sent").expect("the emulator answers");
    let content = answer.body_mut().with_config().limit(u64::MAX).read_to_vec().expect("the emulator answers in full");
    let mut response = Response::new(Full::new(Bytes::from(content)));
    *response.status_mut() = answer.status();
    for (name, value) in end_to_end(answer.headers()) {
        response.headers_mut().append(name, value.clone());
    }
    response
}

/// The headers without those that belong to one connection.
fn end_to_end(headers: &HeaderMap) -> impl Iterator<Item = (&hyper::header::HeaderName, &hyper::header::HeaderValue)> {
    let own = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING];
    headers.iter().filter(move |(name, _)| !own.contains(name) && *name != "expect")
}
