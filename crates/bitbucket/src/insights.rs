//! Code Insights reports, which Bitbucket shows on a commit and on its pull requests.
//!
//! Inside a pipeline no token is needed: a proxy of the step signs requests in plain HTTP
//! (<https://www.atlassian.com/blog/bitbucket/code-insights>, "Authentication"). A script reaches it on localhost, a pipe's
//! container on `host.docker.internal`.

use std::{io, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use keyless_core::{
    code_insights::{ANNOTATIONS_PER_REQUEST, shortened},
    text::printable,
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

use crate::step::Build;

/// The API, reached through the proxy.
const API: &str = "http://api.bitbucket.org/2.0";
/// The proxy as a script of the step reaches it.
pub const PROXY: &str = "localhost:29418";
/// The proxy as a pipe's container reaches it.
pub const PROXY_OF_A_PIPE: &str = "host.docker.internal:29418";
/// The limit of one request. A report is not worth a long wait.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024;
/// How much of a refusal is shown, in characters.
const SHOWN: usize = 200;

/// A report, ready to be posted.
#[derive(Debug)]
pub struct Report {
    /// Its id: a report of the same commit and id is replaced.
    pub id: String,
    /// The report itself, as the API documents it.
    pub body: Value,
    /// Its annotations, as the API documents them.
    pub annotations: Vec<Value>,
}

/// Why a report could not be posted.
#[derive(Debug, thiserror::Error)]
pub enum InsightsError {
    /// No connection to the proxy, or one that was closed.
    #[error("cannot connect to {0}: {1}")]
    Proxy(String, #[source] io::Error),
    /// No answer in time.
    #[error("no answer from {} within {} s", .0, LIMIT.as_secs())]
    TimedOut(String),
    /// Not HTTP.
    #[error("{0} does not answer like a proxy: {1}")]
    Http(String, #[source] hyper::Error),
    /// Bitbucket refused the request: HTTP status and message.
    #[error("Bitbucket answered {}{}", .0, if .1.is_empty() { String::new() } else { format!(": {}", .1) })]
    Refused(u16, String),
}

impl Report {
    /// Posts it through a proxy, given as host and port. An older report with the same id is replaced with its annotations.
    ///
    /// # Errors
    /// [`InsightsError`] of the first request that failed.
    pub async fn post(&self, build: &Build<'_>, proxy: &str) -> Result<(), InsightsError> {
        let Build { workspace, repository, commit, .. } = build;
        let url = format!("{API}/repositories/{workspace}/{repository}/commit/{commit}/reports/{}", self.id);
        match request(proxy, Method::DELETE, &url, None).await {
            // Usually there is none yet.
            Ok(()) | Err(InsightsError::Refused(..)) => {}
            Err(error) => return Err(error),
        }
        request(proxy, Method::PUT, &url, Some(&shown(&self.body))).await?;
        for annotations in self.annotations.chunks(ANNOTATIONS_PER_REQUEST) {
            request(proxy, Method::POST, &format!("{url}/annotations"), Some(&shown(&json!(annotations)))).await?;
        }
        Ok(())
    }
}

/// A value whose strings are shown as they are written. They have names and messages from files, apps and AWS.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(printable(text)),
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shown(value))).collect(),
        other => other.clone(),
    }
}

async fn request(proxy: &str, method: Method, url: &str, body: Option<&Value>) -> Result<(), InsightsError> {
    let answered = timeout(LIMIT, async {
        let failed = |error| InsightsError::Proxy(proxy.to_owned(), error);
        let http = |error| InsightsError::Http(proxy.to_owned(), error);
        let stream = TcpStream::connect(proxy).await.map_err(failed)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(http)?;
        tokio::spawn(connection);
        let body = Bytes::from(body.map(Value::to_string).unwrap_or_default());
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::HOST, "api.bitbucket.org")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(body))
            .map_err(|error| failed(io::Error::other(error)))?;
        let answer = sender.send_request(request).await.map_err(http)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
        let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Err(InsightsError::Refused(status.as_u16(), message_of(&body)))
    });
    answered.await.unwrap_or_else(|_| Err(InsightsError::TimedOut(proxy.to_owned())))
}

/// The message of an answer: `{"error": {"message": …}}`, or else the whole body.
fn message_of(body: &[u8]) -> String {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let message = json["error"]["message"].as_str().unwrap_or(&text);
    let message: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shortened(message.trim(), SHOWN).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_no_control_characters() {
        let report =
            json!({ "title": "a\u{1b}[31mb", "details": "one\ntwo\r", "data": [{ "value": 1, "title": "\u{202e}c" }] });
        let expected = json!({ "title": "a [31mb", "details": "one\ntwo ", "data": [{ "value": 1, "title": " c" }] });
        assert_eq!(shown(&report), expected);
    }
}
