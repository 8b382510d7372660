//! Bitbucket's Code Insights behind a step's proxy: accepts reports and their annotations within the documented limits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::Full;
use hyper::{Method, Request, Response, body::Bytes};
use serde_json::{Value, json};

use crate::server::Server;

/// A running service. It stops when dropped.
#[derive(Debug)]
pub struct Insights {
    server: Server,
    reports: Arc<Mutex<Reports>>,
}

/// Reports by their URL, each with its annotations.
type Reports = BTreeMap<String, (Value, Vec<Value>)>;

/// A refusal: status and message.
type Refused = (u16, String);

impl Insights {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start() -> Self {
        let reports: Arc<Mutex<Reports>> = Arc::default();
        let taken = Arc::clone(&reports);
        let server = Server::start(move |request| {
            let mut reports = taken.lock().unwrap_or_else(PoisonError::into_inner);
            let (status, body) = match answer(&mut reports, &request) {
                Ok(status) => (status, json!({})),
                Err((status, message)) => (status, json!({ "type": "error", "error": { "message": message } })),
            };
            let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
            *response.status_mut() = status.try_into().unwrap_or_default();
            Ok(response)
        });
        Self { server, reports }
    }

    /// The proxy's URL.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The reports so far, by URL.
    pub fn reports(&self) -> Reports {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the API does (Bitbucket Cloud REST API, "Reports").
fn answer(reports: &mut Reports, request: &Request<Bytes>) -> Result<u16, Refused> {
    let refused = |status: u16, why: &str| Err((status, why.to_owned()));
    // A client sends a proxy the whole URL.
    let url = request.uri().to_string();
    let Some(path) = url.strip_prefix("http://api.bitbucket.org/2.0/repositories/") else {
        return refused(502, "not a request to a proxy for api.bitbucket.org");
    };
    if request.headers().get("host").is_none_or(|host| host != "api.bitbucket.org") {
        return refused(400, "the host is another");
    }
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    match (request.method(), path.strip_suffix("/annotations")) {
        (&Method::DELETE, None) => Ok(if reports.remove(path).is_some() { 204 } else { 404 }),
        (&Method::PUT, None) => {
            check_report(&body).map_err(|why| (400, why.to_owned()))?;
            let annotations = reports.remove(path).map(|(_, annotations)| annotations).unwrap_or_default();
            reports.insert(path.to_owned(), (body, annotations));
            Ok(200)
        }
        (&Method::POST, Some(report)) => {
            let Some((_, annotations)) = reports.get_mut(report) else {
                return refused(404, "report not found");
            };
            let Some(more) = body.as_array() else { return refused(400, "not a list") };
            annotations.extend(more.iter().cloned());
            check_annotations(more, annotations).map(|()| 200).map_err(|why| (400, why.to_owned()))
        }
        _ => refused(405, "no such method here"),
    }
}

fn check_report(report: &Value) -> Result<(), &'static str> {
    const KINDS: [&str; 7] = ["BOOLEAN", "DATE", "DURATION", "LINK", "NUMBER", "PERCENTAGE", "TEXT"];
    let data = report["data"].as_array().ok_or("`data` must be a list")?;
    let is_one_of = |value: &Value, words: &[&str]| value.as_str().is_some_and(|word| words.contains(&word));
    if data.len() > 10 || !data.iter().all(|item| is_one_of(&item["type"], &KINDS) && item["title"].is_string()) {
        return Err("data has more than 10 items, or one of another type");
    }
    if !is_one_of(&report["report_type"], &["SECURITY", "COVERAGE", "TEST", "BUG"])
        || !is_one_of(&report["result"], &["PASSED", "FAILED", "PENDING"])
    {
        return Err("report_type or result is another");
    }
    let length = |name: &str| report[name].as_str().map_or(usize::MAX, |text| text.chars().count());
    if length("title") > 450 || length("details") > 2000 {
        return Err("title or details is missing or too long");
    }
    Ok(())
}

fn check_annotations(more: &[Value], all: &[Value]) -> Result<(), &'static str> {
    if more.len() > 100 || all.len() > 1000 {
        return Err("more than 100 annotations at once, or more than 1000 in all");
    }
    let ids: BTreeSet<&str> = all.iter().filter_map(|annotation| annotation["external_id"].as_str()).collect();
    if ids.len() != all.len() {
        return Err("an annotation without an external_id, or two with the same");
    }
    let fits = |annotation: &Value| {
        let kind = annotation["annotation_type"].as_str().unwrap_or_default();
        let severity = annotation["severity"].as_str().unwrap_or_default();
        ["VULNERABILITY", "CODE_SMELL", "BUG"].contains(&kind)
            && ["CRITICAL", "HIGH", "MEDIUM", "LOW"].contains(&severity)
            && annotation["summary"].as_str().is_some_and(|summary| summary.chars().count() <= 450)
    };
    if more.iter().all(fits) { Ok(()) } else { Err("an annotation of another type or severity, or a summary too long") }
}
