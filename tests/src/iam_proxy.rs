//! IAM in front of the emulator, with what AWS does and the emulator does not: lists have pages, of one member each, and access
//! keys have a last use.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::Full;
use hyper::{Request, Response, body::Bytes};
use ureq::Agent;

use crate::server::Server;

/// A running proxy. It stops when dropped.
#[derive(Debug)]
pub struct IamProxy {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last_use: Option<String>,
    actions: Vec<String>,
}

impl IamProxy {
    /// Starts one in front of the emulator at `url`, which must not verify signatures.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(url: &str) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let (shared, url) = (Arc::clone(&state), url.to_owned());
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let server = Server::start(move |request| {
            let (status, body) = answer(&request, &url, &agent, &shared);
            let mut response = Response::new(Full::new(Bytes::from(body)));
            *response.status_mut() = status.try_into().unwrap_or_default();
            Ok(response)
        });
        Self { server, state }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Sets when every access key was used last, such as `2026-12-01T03:00:00Z`.
    pub fn set_last_use(&self, time: &str) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).last_use = Some(time.to_owned());
    }

    /// The actions so far.
    pub fn actions(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).actions.clone()
    }
}

fn answer(request: &Request<Bytes>, url: &str, agent: &Agent, state: &Mutex<State>) -> (u16, String) {
    let mut form: HashMap<String, String> = form_urlencoded::parse(request.body()).into_owned().collect();
    let page: usize = form.remove("Marker").and_then(|marker| marker.parse().ok()).unwrap_or(0);
    let action = form.get("Action").cloned().unwrap_or_default();
    let mut forwarded = agent.post(url);
    for name in ["authorization", "content-type", "x-amz-date"] {
        if let Some(value) = request.headers().get(name).and_then(|value| value.to_str().ok()) {
            forwarded = forwarded.header(name, value);
        }
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let mut answer = forwarded.send(body).expect("the emulator answers");
    let status = answer.status().as_u16();
    let body = answer.body_mut().read_to_string().expect("XML is text");
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.actions.push(action.clone());
    let body = match (&*action, &state.last_use) {
        ("GetAccessKeyLastUsed", Some(time)) => {
            let used = format!("<AccessKeyLastUsed><LastUsedDate>{time}</LastUsedDate>");
            body.replace("<AccessKeyLastUsed>", &used).replace("N/A</ServiceName>", "s3</ServiceName>")
        }
        _ if action.starts_with("List") => one_member(&body, page),
        _ => body,
    };
    (status, body)
}

/// A list with one of its members, and the number of the next as its marker.
fn one_member(body: &str, page: usize) -> String {
    const END: &str = "</member>";
    let (Some(start), Some(end)) = (body.find("<member>"), body.rfind(END)) else { return body.to_owned() };
    let members: Vec<&str> = body[start..end].split(END).collect();
    let rest = body[end + END.len()..].to_owned();
    let rest = if page + 1 < members.len() {
        let marker = format!("<IsTruncated>true</IsTruncated><Marker>{}</Marker>", page + 1);
        rest.replace("<IsTruncated>false</IsTruncated>", &marker)
    } else {
        rest
    };
    let member = members.get(page).map_or_else(String::new, |member| format!("{member}{END}"));
    format!("{}{member}{rest}", &body[..start])
}
