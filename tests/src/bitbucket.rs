//! The part of Bitbucket's REST API that lists what a repository's settings define, for one repository, with access control
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/>).

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::{Method, Request, Response, body::Bytes};
use serde_json::{Value, json};

use crate::{server::Server, step};

/// The token that may read everything.
pub const TOKEN: &str = "token-of-the-tests-4f1c";
/// A token that lacks the scope for pipelines, and so for deployment environments.
pub const WITHOUT_PIPELINES: &str = "repositories-of-the-tests-27aa";
/// A user's email and API token; the user can read everything except the workspace's variables.
pub const PERSON: (&str, &str) = ("dev@example.com", "person-of-the-tests-9b2e");
/// The value of every variable that is not secured. The API returns it; keyless must never print it.
pub const VALUE: &str = "value-of-the-tests-77ad";

/// A repository's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names of variables, with `!` in front where they are secured.
    pub workspace: Vec<&'static str>,
    /// Of the repository.
    pub repository: Vec<&'static str>,
    /// Deployment environments: name, UUID and variables.
    pub environments: Vec<(&'static str, &'static str, Vec<&'static str>)>,
    /// A wrong URL for the second page of every list.
    pub elsewhere: Option<String>,
}

/// A running API of the repository `acme/shop`. It stops when dropped.
#[derive(Debug)]
pub struct Bitbucket {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Bitbucket {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(settings: Settings) -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = Arc::clone(&asked);
        let server = Server::start(move |request| {
            let target = request.uri().to_string();
            taken.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{} {target}", request.method()));
            let (status, body) = match answer(&settings, &request) {
                Ok(body) => (200, body),
                Err(status) => (status, json!({ "type": "error", "error": { "message": "no" } })),
            };
            let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
            *response.status_mut() = status.try_into().unwrap_or_default();
            Ok(response)
        });
        Self { server, asked }
    }

    /// Its URL, for `BITBUCKET_API_URL`.
    pub fn url(&self) -> String {
        format!("{}/2.0", self.server.url())
    }

    /// All requests, as method and target.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(settings: &Settings, request: &Request<Bytes>) -> Result<Value, u16> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let person = format!("Basic {}", STANDARD.encode(format!("{}:{}", PERSON.0, PERSON.1)));
    let everything = match header("authorization") {
        login if login == format!("Bearer {TOKEN}") => true,
        login if login == format!("Bearer {WITHOUT_PIPELINES}") => {
            let path = request.uri().path();
            if path.ends_with("/environments") || path.contains("pipelines") {
                return Err(403);
            }
            false
        }
        login if login == person => false,
        _ => return Err(401),
    };
    if request.method() != Method::GET {
        return Err(405);
    }
    let path = request.uri().path().strip_prefix("/2.0").ok_or(404_u16)?;
    let of_repository = path.strip_prefix("/repositories/acme/shop");
    let page = |values: Vec<Value>| Ok(page(settings, request, &values));
    let variables = |names: &[&str]| names.iter().map(|name| variable(name)).collect();
    match (path, of_repository) {
        ("/workspaces/acme/pipelines-config/variables", _) if everything => page(variables(&settings.workspace)),
        ("/workspaces/acme/pipelines-config/variables", _) => Err(403),
        (_, Some("")) => Ok(json!({
            "type": "repository",
            "slug": "shop",
            "uuid": step::REPOSITORY_UUID,
            "workspace": { "slug": "acme", "uuid": step::WORKSPACE_UUID },
        })),
        (_, Some("/pipelines_config/variables")) => page(variables(&settings.repository)),
        (_, Some("/environments")) => {
            let environments = settings.environments.iter();
            page(
                environments
                    .map(|(name, uuid, _)| json!({ "name": name, "slug": name.to_lowercase(), "uuid": uuid }))
                    .collect(),
            )
        }
        (_, Some(of_environment)) => {
            let quoted = of_environment
                .strip_prefix("/deployments_config/environments/")
                .and_then(|rest| rest.strip_suffix("/variables"))
                .ok_or(404_u16)?;
            let uuid = quoted.replace("%7B", "{").replace("%7D", "}");
            let (_, _, names) = settings.environments.iter().find(|(_, own, _)| *own == uuid).ok_or(404_u16)?;
            page(variables(names))
        }
        _ => Err(404),
    }
}

fn variable(name: &str) -> Value {
    match name.strip_prefix('!') {
        Some(secured) => json!({ "type": "pipeline_variable", "key": secured, "secured": true }),
        None => json!({ "type": "pipeline_variable", "key": name, "value": VALUE, "secured": false }),
    }
}

/// One item a page, so that a reader has to follow `next`.
fn page(settings: &Settings, request: &Request<Bytes>, values: &[Value]) -> Value {
    let query = request.uri().query().unwrap_or_default();
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("page=")).and_then(|page| page.parse().ok());
    let number: usize = asked.unwrap_or(1);
    let item: Vec<_> = values.iter().skip(number - 1).take(1).collect();
    let mut page = json!({ "page": number, "pagelen": 1, "size": values.len(), "values": item });
    if number < values.len() {
        let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        let own = || format!("http://{host}{}?page={}", request.uri().path(), number + 1);
        page["next"] = json!(settings.elsewhere.clone().unwrap_or_else(own));
    }
    page
}
