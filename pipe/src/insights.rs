//! The changes of a diff as a Code Insights report, which Bitbucket shows on the commit and on its pull requests.
//!
//! Inside a pipeline no token is needed: requests in plain HTTP go through a proxy of the step, which signs them
//! (<https://www.atlassian.com/blog/bitbucket/code-insights>, "Authentication"). A script reaches it on localhost, a pipe's
//! container on `host.docker.internal`.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    time::Duration,
};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use keyless_core::code_insights::{
    ANNOTATIONS_PER_REPORT, ANNOTATIONS_PER_REQUEST, DETAILS_LIMIT, SUMMARY_LIMIT, shortened,
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    cdk::changes::{Change, Changes, EFFECTS, Effect, StackChanges},
    step::Build,
};

/// The API, reached through the proxy.
const API: &str = "http://api.bitbucket.org/2.0";
/// The proxy, from a script and from a pipe's container.
pub const PROXY: &str = "localhost:29418";
/// See [`PROXY`].
pub const PROXY_OF_A_PIPE: &str = "host.docker.internal:29418";
/// How long one request may take. A report is worth little waiting.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const ANSWER_LIMIT: usize = 64 * 1024;
/// How much of a refusal is shown.
const SHOWN: usize = 200;

/// A report, ready to be posted.
#[derive(Debug)]
pub struct Report {
    id: String,
    head: Value,
    annotations: Vec<Value>,
}

/// Why a report could not be posted.
#[derive(Debug)]
pub enum InsightsError {
    /// No connection to the proxy, or one that broke.
    Proxy(String, io::Error),
    /// No answer in time.
    TimedOut(String),
    /// Not HTTP.
    Http(String, hyper::Error),
    /// Bitbucket answered no: status and words.
    Refused(u16, String),
}

impl Report {
    /// The report of what a diff found. `target` is what was compared with, such as an account and its region, and makes
    /// the report another one than that of another target of the same commit.
    pub fn new(changes: &Changes, target: &str, parts: &[String], build: &Build<'_>) -> Self {
        let mut hash = DefaultHasher::new();
        parts.hash(&mut hash);
        let id = format!("keyless-diff-{}-{:08x}", target.replace(|c: char| !c.is_ascii_alphanumeric(), "-"), {
            hash.finish() >> 32
        });
        let number = |title: &str, value: usize| json!({ "title": title, "type": "NUMBER", "value": value });
        let mut data: Vec<Value> = EFFECTS.iter().map(|(effect, word)| number(word, changes.count(*effect))).collect();
        data.push(number("wider access", changes.wider()));
        let stacks: Vec<String> = changes.stacks().iter().map(summary).collect();
        let head = json!({
            "title": format!("cdk diff with {target}"),
            "details": shortened(&stacks.join("\n"), DETAILS_LIMIT),
            "report_type": "BUG",
            "reporter": "keyless",
            "result": "PASSED",
            "link": build.link(),
            "data": data,
        });
        Self { annotations: annotations(changes, &id), id, head }
    }

    /// Posts it through a proxy, given by host and port. An older one of the same name is replaced with its annotations.
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
        request(proxy, Method::PUT, &url, Some(&self.head)).await?;
        for annotations in self.annotations.chunks(ANNOTATIONS_PER_REQUEST) {
            request(proxy, Method::POST, &format!("{url}/annotations"), Some(&json!(annotations))).await?;
        }
        Ok(())
    }
}

/// What happens to a stack, in one line.
pub fn summary(stack: &StackChanges) -> String {
    let count = |(effect, word): &(Effect, &str)| {
        let count = stack.count(*effect);
        (count > 0).then(|| format!("{word} {count}"))
    };
    let mut counts: Vec<String> = EFFECTS.iter().filter_map(count).collect();
    if !stack.wider.is_empty() {
        counts.push(format!("wider access {}", stack.wider.len()));
    }
    let what = match (counts.is_empty(), stack.others) {
        (true, 0) => "no differences".to_owned(),
        (true, _) => "outputs or parameters alone".to_owned(),
        (false, _) => counts.join(", "),
    };
    format!("{}: {what}", stack.name)
}

/// What a reviewer must see first comes first: wider access, then the resources by what happens to them.
fn annotations(changes: &Changes, id: &str) -> Vec<Value> {
    let wider = changes.stacks().iter().flat_map(|stack| {
        let annotation =
            |wider: &String| ("VULNERABILITY", "HIGH", format!("{}: wider access: {wider}", stack.name), None);
        stack.wider.iter().map(annotation)
    });
    let mut resources: Vec<(&StackChanges, &Change)> =
        changes.stacks().iter().flat_map(|stack| stack.resources.iter().map(move |change| (stack, change))).collect();
    resources.sort_by_key(|(_, change)| std::cmp::Reverse(change.effect));
    let resources = resources.into_iter().map(|(stack, change)| {
        let (kind, severity, details) = weight(change.effect);
        (kind, severity, format!("{}: {change}", stack.name), details)
    });
    let all = wider.chain(resources).take(ANNOTATIONS_PER_REPORT).enumerate();
    all.map(|(number, (kind, severity, summary, details))| {
        let mut annotation = json!({
            "external_id": format!("{id}-{number}"),
            "annotation_type": kind,
            "severity": severity,
            "summary": shortened(&summary, SUMMARY_LIMIT),
        });
        if let Some(details) = details {
            annotation["details"] = json!(details);
        }
        annotation
    })
    .collect()
}

/// How a change is shown: the annotation's type and severity, and what follows from it.
fn weight(effect: Effect) -> (&'static str, &'static str, Option<&'static str>) {
    match effect {
        Effect::Destroy => ("BUG", "HIGH", Some("the resource is deleted with what it holds")),
        Effect::Replace => ("BUG", "HIGH", Some("a new resource takes its place, and the old one is deleted")),
        Effect::MayReplace => ("BUG", "MEDIUM", Some("CloudFormation decides whether it can be changed in place")),
        Effect::Orphan => ("CODE_SMELL", "MEDIUM", Some("the resource stays in the account, outside the stack")),
        Effect::Add | Effect::Change | Effect::Import => ("CODE_SMELL", "LOW", None),
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
        Err(InsightsError::Refused(status.as_u16(), words(&body)))
    });
    answered.await.unwrap_or_else(|_| Err(InsightsError::TimedOut(proxy.to_owned())))
}

/// The message of an answer: `{"error": {"message": …}}`, or what else it says.
fn words(body: &[u8]) -> String {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let message = json["error"]["message"].as_str().unwrap_or(&text);
    let message: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shortened(message.trim(), SHOWN).into_owned()
}

impl fmt::Display for InsightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proxy(proxy, error) => write!(f, "no connection to {proxy}: {error}"),
            Self::TimedOut(proxy) => write!(f, "no answer from {proxy} within {} s", LIMIT.as_secs()),
            Self::Http(proxy, error) => write!(f, "{proxy} does not answer as a proxy: {error}"),
            Self::Refused(status, words) if words.is_empty() => write!(f, "Bitbucket answered {status}"),
            Self::Refused(status, words) => write!(f, "Bitbucket answered {status}: {words}"),
        }
    }
}

impl std::error::Error for InsightsError {}
