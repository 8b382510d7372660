//! A credentials endpoint on the loopback interface: how every AWS SDK fetches a container's credentials, used here so that
//! a child process has credentials without one being in its environment, its arguments or on disk.

use std::{
    convert::Infallible,
    fmt,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use zeroize::Zeroizing;

use crate::session::Session;

/// The one path that is served.
const PATH: &str = "/credentials";
/// Bytes of randomness in the bearer: more than anyone can guess.
const BEARER_BYTES: usize = 32;
/// A client that does not finish its request in this time is cut off.
const HEADER_LIMIT: Duration = Duration::from_secs(5);

/// A running endpoint. It stops when dropped.
pub struct CredentialsEndpoint {
    url: String,
    bearer: Arc<Zeroizing<String>>,
    session: watch::Sender<Session>,
    server: JoinHandle<()>,
}

/// Why the endpoint could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// No port on 127.0.0.1.
    #[error("cannot start the credentials endpoint on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// The operating system returned no random bytes.
    #[error("could not get random bytes from the operating system")]
    Random,
}

/// Checks that the operating system returns random bytes, before anything needs them that would panic without.
///
/// # Errors
/// [`EndpointError::Random`]
pub fn check_random() -> Result<(), EndpointError> {
    SystemRandom::new().fill(&mut [0_u8; BEARER_BYTES]).map_err(|_| EndpointError::Random)
}

impl CredentialsEndpoint {
    /// Serves `session` on a free port of 127.0.0.1 to whoever knows the bearer.
    ///
    /// # Errors
    /// [`EndpointError`] when the system refuses a port or randomness.
    pub async fn start(session: Session) -> Result<Self, EndpointError> {
        let mut random = Zeroizing::new([0_u8; BEARER_BYTES]);
        SystemRandom::new().fill(random.as_mut()).map_err(|_| EndpointError::Random)?;
        let bearer = Arc::new(Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_ref())));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(EndpointError::Listen)?;
        let url = format!("http://{}{PATH}", listener.local_addr().map_err(EndpointError::Listen)?);
        let (sender, receiver) = watch::channel(session);
        let server = tokio::spawn(accept(listener, Arc::clone(&bearer), receiver));
        Ok(Self { url, bearer, session: sender, server })
    }

    /// What the endpoint of another process serves: the JSON that SDKs read from it. Only a loopback address is asked, and no
    /// proxy.
    ///
    /// # Errors
    /// When the address is not such an endpoint, or does not answer with credentials in time.
    pub fn read(url: &str, bearer: &str) -> io::Result<String> {
        let invalid = |text| io::Error::new(io::ErrorKind::InvalidInput, text);
        let (address, path) = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| invalid("the credentials endpoint has no address"))?;
        let address: SocketAddr = address.parse().map_err(|_| invalid("the credentials endpoint has no address"))?;
        if !address.ip().is_loopback() || bearer.contains(['\r', '\n']) || path.contains(char::is_whitespace) {
            return Err(invalid("the credentials endpoint is not on a loopback address"));
        }
        let mut stream = std::net::TcpStream::connect_timeout(&address, HEADER_LIMIT)?;
        stream.set_read_timeout(Some(HEADER_LIMIT))?;
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {bearer}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
            _ => Err(io::Error::other("the credentials endpoint did not answer with credentials")),
        }
    }

    /// For `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// For `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub fn bearer(&self) -> &str {
        &self.bearer
    }

    /// Serves another session from now on.
    pub fn replace(&self, session: Session) {
        self.session.send_replace(session);
    }
}

impl Drop for CredentialsEndpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for CredentialsEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsEndpoint").field("url", &self.url).finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, bearer: Arc<Zeroizing<String>>, session: watch::Receiver<Session>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let Ok(address) = stream.local_addr() else { continue };
                tokio::spawn(serve(stream, address, Arc::clone(&bearer), session.clone()));
            }
            // Out of file descriptors, or a connection gone before it was taken: the next may succeed.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    bearer: Arc<Zeroizing<String>>,
    session: watch::Receiver<Session>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = answer(&request, address, &bearer, &session.borrow());
        async move { Ok::<_, Infallible>(response) }
    });
    // A client that disconnects early needs no answer.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn answer(request: &Request<Incoming>, address: SocketAddr, bearer: &str, session: &Session) -> Response<Full<Bytes>> {
    // A page whose name was made to resolve to 127.0.0.1 is told apart by that name.
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host.and_then(|host| host.parse().ok()) != Some(address) {
        return failure(
            StatusCode::MISDIRECTED_REQUEST,
            "MisdirectedRequest",
            "this is not the host that was asked for",
        );
    }
    let given = request.headers().get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
    if !bool::from(given.ct_eq(bearer.as_bytes())) {
        return failure(StatusCode::UNAUTHORIZED, "Unauthorized", "invalid authorization token");
    }
    if request.uri().path() != PATH {
        return failure(StatusCode::NOT_FOUND, "NotFound", "unknown path");
    }
    if request.method() != Method::GET {
        return failure(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "use GET");
    }
    respond(
        StatusCode::OK,
        &serde_json::json!({
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key(),
            "Token": session.session_token(),
            "Expiration": session.expiration(),
        }),
    )
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response<Full<Bytes>> {
    respond(status, &serde_json::json!({ "code": code, "message": message }))
}

fn respond(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}
