//! The part of Bitbucket's REST API that concerns a repository's settings, files and pull requests, for one repository, with access
//! control, pages and limits as they are documented (<https://developer.atlassian.com/cloud/bitbucket/rest/>).

mod access;
mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::Full;
use hyper::{Method, Request, Response, body::Bytes};
use serde_json::{Value, json};

use self::{
    access::{Login, Refused, refused},
    store::Store,
};
pub use self::{
    access::{OF_REPOSITORY, PERSON, READ_ONLY, TOKEN, WITHOUT_PIPELINES},
    store::{MAIN, StoredPullRequest, StoredVariable},
};
use crate::server::Server;

/// The value of every variable that is given none. The API returns it where it is not secured; keyless must never print it.
pub const VALUE: &str = "value-of-the-tests-77ad";

/// How many items a page has at most, as documented.
const PAGE_LIMIT: usize = 100;
/// How many it has unless the request says otherwise, as documented.
const DEFAULT_PAGE: usize = 10;

/// A repository's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names of variables, with `!` in front where they are secured, and `=VALUE` behind where the value matters.
    pub workspace: Vec<&'static str>,
    /// Of the repository.
    pub repository: Vec<&'static str>,
    /// Deployment environments: name, UUID and variables.
    pub environments: Vec<(&'static str, &'static str, Vec<&'static str>)>,
    /// Other repositories of the workspace, with their own variables.
    pub others: Vec<(&'static str, Vec<&'static str>)>,
    /// The pipeline file on the main branch; without it there is no branch.
    pub pipeline: Option<String>,
    /// A wrong URL for the second page of every list.
    pub elsewhere: Option<String>,
    /// How many items a page has at most, so that readers have to follow `next`; 0 stands for 1.
    pub page: usize,
    /// Answers in place of the API's own.
    pub faults: Vec<Fault>,
}

/// An answer to the first request that it fits.
#[derive(Clone, Debug)]
pub struct Fault {
    /// A part of the method and the target, such as `GET /2.0/workspaces`.
    pub on: &'static str,
    /// The status.
    pub status: u16,
    /// The header `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: &'static str,
    /// Whether the request has its effect all the same, as when an answer is lost.
    pub after: bool,
}

/// A running API of the repository `acme/shop`. It stops when dropped.
#[derive(Debug)]
pub struct Bitbucket {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    elsewhere: Option<String>,
    page: usize,
    faults: Mutex<Vec<Fault>>,
    asked: Mutex<Vec<String>>,
    store: Mutex<Store>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bitbucket {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(settings: Settings) -> Self {
        let store = Mutex::new(Store::new(&settings));
        let Settings { elsewhere, page, faults, .. } = settings;
        let shared = Shared { elsewhere, page, faults: Mutex::new(faults), asked: Mutex::default(), store };
        let shared = Arc::new(shared);
        let own = Arc::clone(&shared);
        let server = Server::start(move |request| {
            let line = format!("{} {}", request.method(), request.uri());
            lock(&own.asked).push(line.clone());
            let mut faults = lock(&own.faults);
            let fault = faults.iter().position(|fault| line.contains(fault.on)).map(|at| faults.remove(at));
            drop(faults);
            if let Some(fault) = fault {
                if fault.after {
                    let _ = own.answer(&request);
                }
                return Ok(response(fault.status, fault.body.to_owned(), fault.retry_after));
            }
            Ok(match own.answer(&request) {
                Ok((status, body)) => response(status, body, None),
                Err((status, body)) => response(status, body.to_string(), None),
            })
        });
        Self { server, shared }
    }

    /// Its URL, for `BITBUCKET_API_URL`.
    pub fn url(&self) -> String {
        format!("{}/2.0", self.server.url())
    }

    /// All requests, as method and target.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }

    /// The requests that change something.
    pub fn changes(&self) -> Vec<String> {
        self.asked().into_iter().filter(|request| !request.starts_with("GET ")).collect()
    }

    /// All variables, with their values.
    pub fn variables(&self) -> Vec<StoredVariable> {
        lock(&self.shared.store).variables.clone()
    }

    /// A file on a branch.
    pub fn file(&self, branch: &str, path: &str) -> Option<String> {
        lock(&self.shared.store).file(branch, path).map(str::to_owned)
    }

    /// All pull requests.
    pub fn pull_requests(&self) -> Vec<StoredPullRequest> {
        lock(&self.shared.store).pull_requests.clone()
    }
}

fn response(status: u16, body: String, retry_after: Option<u64>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status.try_into().unwrap_or_default();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

/// A status and a body.
type Answered = Result<(u16, String), Refused>;

impl Shared {
    fn answer(&self, request: &Request<Bytes>) -> Answered {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let login = Login::of(header("authorization"))?;
        let not_found = || refused(404, "There is no API hosted at this URL.");
        let path = request.uri().path().strip_prefix("/2.0").ok_or_else(not_found)?;
        login.check(request.method(), path)?;
        let mut store = lock(&self.store);
        if let Some(rest) = path.strip_prefix("/workspaces/acme/pipelines-config/variables") {
            return self.variables(&mut store, request, "workspace", rest);
        }
        let path = path.strip_prefix("/repositories/acme").ok_or_else(not_found)?;
        if path.is_empty() {
            return Ok((200, self.page(request, &store.repositories(&login)).to_string()));
        }
        let Some(path) = path.strip_prefix("/shop") else {
            let (slug, path) = path.trim_start_matches('/').split_once('/').ok_or_else(not_found)?;
            return match path {
                "environments" => Ok((200, self.page(request, &[]).to_string())),
                "pipelines_config/variables" => self.variables(&mut store, request, &format!("acme/{slug}"), ""),
                _ => Err(not_found()),
            };
        };
        if let Some(rest) = path.strip_prefix("/pipelines_config/variables") {
            return self.variables(&mut store, request, "repository", rest);
        }
        if let Some((uuid, rest)) =
            path.strip_prefix("/deployments_config/environments/").and_then(|rest| rest.split_once("/variables"))
        {
            return self.variables(&mut store, request, &decoded(uuid), rest);
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let ok = |body: Value| Ok((200, body.to_string()));
        match (request.method(), path) {
            (&Method::GET, "") => ok(store.repository()),
            (&Method::GET, "/environments") => ok(self.page(request, &store.environments())),
            (&Method::GET, "/pullrequests") => {
                let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
                let query = query.into_iter().find(|(name, _)| name == "q").map(|(_, query)| query.into_owned());
                ok(self.page(request, &store.open_pull_requests(&query.unwrap_or_default())))
            }
            (&Method::POST, "/pullrequests") => store.open_pull_request(&body).map(|body| (201, body.to_string())),
            (&Method::POST, "/src") => store.commit_form(request.body()).map(|()| (201, String::new())),
            (method, path) => match (method, path.strip_prefix("/refs/branches/"), path.strip_prefix("/src/")) {
                (&Method::GET, Some(name), _) => store.branch(&decoded(name)).and_then(ok),
                (&Method::DELETE, Some(name), _) => {
                    store.branches.remove(&decoded(name)).map(|_| (204, String::new())).ok_or_else(not_found)
                }
                (&Method::GET, _, Some(at)) => store.source(&decoded(at)).map(|text| (200, text)),
                _ => Err(not_found()),
            },
        }
    }

    /// The variables of a level, or one of them.
    fn variables(&self, store: &mut Store, request: &Request<Bytes>, level: &str, rest: &str) -> Answered {
        let not_found = || refused(404, "Not found");
        if !store.has_level(level) {
            return Err(not_found());
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match (request.method(), rest.strip_prefix('/').map(decoded)) {
            (&Method::GET, None) if rest.is_empty() => Ok((200, self.page(request, &store.list(level)).to_string())),
            (&Method::POST, None) => store.create(level, &body).map(|body| (201, body.to_string())),
            (&Method::PUT, Some(uuid)) => store.update(level, &uuid, &body).map(|body| (200, body.to_string())),
            (&Method::DELETE, Some(uuid)) => store.delete(level, &uuid).map(|()| (204, String::new())),
            _ => Err(not_found()),
        }
    }

    fn page(&self, request: &Request<Bytes>, values: &[Value]) -> Value {
        let query = request.uri().query().unwrap_or_default();
        let number = |name: &str| -> Option<usize> {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).and_then(|it| it.parse().ok())
        };
        let length = number("pagelen").unwrap_or(DEFAULT_PAGE).clamp(1, PAGE_LIMIT).min(self.page.max(1));
        let number = number("page").unwrap_or(1).max(1);
        let items: Vec<_> = values.iter().skip((number - 1) * length).take(length).collect();
        let mut page = json!({ "page": number, "pagelen": length, "size": values.len(), "values": items });
        if number * length < values.len() {
            let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
            let others: String = query
                .split('&')
                .filter(|pair| !pair.starts_with("page="))
                .fold(String::new(), |all, pair| all + "&" + pair);
            let own = || format!("http://{host}{}?page={}{others}", request.uri().path(), number + 1);
            page["next"] = json!(self.elsewhere.clone().unwrap_or_else(own));
        }
        page
    }
}

/// A part of a path without its escapes.
fn decoded(part: &str) -> String {
    form_urlencoded::parse(part.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}
