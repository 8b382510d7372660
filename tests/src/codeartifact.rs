//! A CodeArtifact with one package, for npm with and without a scope, and for Python: issues a token for requests that are
//! signed with a session of the STS, and serves the package to requests with that token.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http_body_util::Full;
use hyper::{Method, Request, Response, body::Bytes};
use ring::{
    digest::{SHA512, digest},
    rand::{SecureRandom, SystemRandom},
};
use serde_json::{Value, json};

use crate::{
    checkout,
    cloud::{ACCOUNT, REGION},
    secrets,
    server::Server,
};

/// The domain.
pub const DOMAIN: &str = "acme";
/// The repository.
pub const REPOSITORY: &str = "shop";
/// The package.
pub const PACKAGE: &str = "keyless-private-package";
/// The scope under which it is there a second time.
pub const SCOPE: &str = "@acme";
/// The file of its Python form.
const WHEEL: &str = "keyless_private_package-1.0.0-py3-none-any.whl";

/// A running service. It stops when dropped.
#[derive(Debug)]
pub struct CodeArtifact {
    server: Server,
    token: String,
    asked: Arc<Mutex<Vec<String>>>,
}

struct State {
    token: String,
    /// The session tokens that the STS issued.
    sessions: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    package: Vec<u8>,
    wheel: Vec<u8>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl CodeArtifact {
    /// Starts one on a free port. `sessions` returns the valid session tokens.
    ///
    /// # Panics
    /// When no port is free, or `tar` or `python3` is missing.
    pub fn start(sessions: impl Fn() -> Vec<String> + Send + Sync + 'static) -> Self {
        let mut random = [0; 24];
        SystemRandom::new().fill(&mut random).expect("the system gives random bytes");
        let token = format!("package-token-{}", URL_SAFE_NO_PAD.encode(random));
        secrets::remember(&token);
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (package, wheel) = (package(), wheel());
        let sessions = Box::new(sessions);
        let state = State { token: token.clone(), sessions, package, wheel, asked: Arc::clone(&asked) };
        Self { server: Server::start(move |request| Ok(state.answer(&request))), token, asked }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The token that it issues.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The requests, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The package as npm packs it.
fn package() -> Vec<u8> {
    let folder = checkout::scratch("package");
    std::fs::create_dir(folder.path().join("package")).expect("the scratch folder is writable");
    let manifest = json!({ "name": PACKAGE, "version": "1.0.0" }).to_string();
    std::fs::write(folder.path().join("package/package.json"), manifest).expect("the scratch folder is writable");
    let packed = Command::new("tar").args(["-czf", "-", "package"]).current_dir(folder.path()).output();
    packed.expect("tar is installed").stdout
}

/// The package as Python packs it.
fn wheel() -> Vec<u8> {
    const PACK: &str = "
import io, sys, zipfile
info = 'keyless_private_package-1.0.0.dist-info/'
file = io.BytesIO()
names = ['keyless_private_package.py', info + 'METADATA', info + 'WHEEL', info + 'RECORD']
with zipfile.ZipFile(file, 'w') as wheel:
    wheel.writestr('keyless_private_package.py', '')
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: keyless-private-package\\nVersion: 1.0.0\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', ''.join(name + ',,\\n' for name in names))
sys.stdout.buffer.write(file.getvalue())
";
    Command::new("python3").args(["-c", PACK]).output().expect("python3 is installed").stdout
}

impl State {
    fn answer(&self, request: &Request<Bytes>) -> Response<Full<Bytes>> {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let query: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let query: BTreeMap<&str, &str> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let scope = format!("/{REGION}/codeartifact/aws4_request");
        let signed = header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=")
            && header("authorization").contains(&scope)
            && (self.sessions)().iter().any(|token| token == header("x-amz-security-token"));
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{} {path}", request.method()));
        if path.starts_with("/v1/") && !signed {
            return refusal(403, "AccessDeniedException", "the request is not signed by a session");
        }
        let of_domain = query.get("domain") == Some(&DOMAIN) && query.get("domain-owner") == Some(&ACCOUNT);
        match (request.method(), path) {
            (_, "/v1/authorization-token" | "/v1/repository/endpoint") if !of_domain => {
                refusal(404, "ResourceNotFoundException", "Domain not found")
            }
            (&Method::POST, "/v1/authorization-token") if query.get("duration") == Some(&"0") => {
                respond(200, &json!({ "authorizationToken": self.token, "expiration": 1_900_000_000 }))
            }
            (&Method::GET, "/v1/repository/endpoint") if query.get("repository") == Some(&REPOSITORY) => {
                let host = header("host");
                let format = query.get("format").copied().unwrap_or_default();
                respond(200, &json!({ "repositoryEndpoint": format!("http://{host}/{format}/{REPOSITORY}") }))
            }
            (&Method::GET | &Method::HEAD, path) if self.is_allowed(header("authorization")) => {
                match path.strip_prefix(&format!("/pypi/{REPOSITORY}/")) {
                    Some(path) => self.index(path),
                    None => {
                        self.registry(path.trim_start_matches("/npm/").trim_start_matches(REPOSITORY), header("host"))
                    }
                }
            }
            _ => {
                let mut response = refusal(401, "UnauthorizedException", "no token, or another");
                let challenge = hyper::header::HeaderValue::from_static("Basic realm=\"CodeArtifact\"");
                response.headers_mut().insert(hyper::header::WWW_AUTHENTICATE, challenge);
                response
            }
        }
    }

    /// Whether a request has the token, as one of the two kinds that CodeArtifact accepts.
    fn is_allowed(&self, authorization: &str) -> bool {
        let basic = STANDARD.encode(format!("aws:{}", self.token));
        authorization == format!("Bearer {}", self.token) || authorization == format!("Basic {basic}")
    }

    fn registry(&self, path: &str, host: &str) -> Response<Full<Bytes>> {
        let path = path.replace("%2f", "/").replace("%2F", "/");
        let name = path.split("/-/").next().unwrap_or_default().trim_start_matches('/');
        if name != PACKAGE && name != format!("{SCOPE}/{PACKAGE}") {
            return refusal(404, "ResourceNotFoundException", "no such package");
        }
        let file = format!("/{name}/-/{PACKAGE}-1.0.0.tgz");
        if path == file {
            return Response::new(Full::new(Bytes::from(self.package.clone())));
        }
        let url = format!("http://{host}/npm/{REPOSITORY}{file}");
        let integrity = format!("sha512-{}", STANDARD.encode(digest(&SHA512, &self.package)));
        let distribution = json!({ "tarball": url, "integrity": integrity });
        let version = json!({ "name": name, "version": "1.0.0", "dist": distribution });
        let versions = json!({ "1.0.0": version });
        // Package managers refuse what was published a moment ago.
        let time = json!({ "1.0.0": "2026-01-01T00:00:00.000Z" });
        let tags = json!({ "latest": "1.0.0" });
        respond(200, &json!({ "name": name, "dist-tags": tags, "versions": versions, "time": time }))
    }

    fn index(&self, path: &str) -> Response<Full<Bytes>> {
        let (content, kind) = if path == format!("simple/{PACKAGE}/") {
            (format!("<!DOCTYPE html><a href=\"../../{WHEEL}\">{WHEEL}</a>").into_bytes(), "text/html")
        } else if path == WHEEL {
            (self.wheel.clone(), "application/octet-stream")
        } else {
            return refusal(404, "ResourceNotFoundException", "no such package");
        };
        let mut response = Response::new(Full::new(Bytes::from(content)));
        let kind = hyper::header::HeaderValue::from_static(kind);
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
        response
    }
}

fn refusal(status: u16, code: &'static str, message: &str) -> Response<Full<Bytes>> {
    let mut response = respond(status, &json!({ "message": message }));
    response.headers_mut().insert("x-amzn-errortype", hyper::header::HeaderValue::from_static(code));
    response
}

fn respond(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status.try_into().unwrap_or_default();
    response
}
