//! A small HTTP server on loopback, for the services that tests provide.

use std::{
    fmt,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::oneshot, task::spawn_blocking};

/// A running server. It stops when dropped.
#[derive(Debug)]
pub struct Server {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The connection is closed without a response.
#[derive(Debug)]
pub struct Closed;

impl Server {
    /// Starts one on a free port. `handler` may block.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start<H>(handler: H) -> Self
    where
        H: Fn(Request<Bytes>) -> Result<Response<Full<Bytes>>, Closed> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        let (stop, stopped) = oneshot::channel();
        let (port_sender, port) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
                let address = listener.local_addr().expect("a listener has an address");
                port_sender.send(address.port()).expect("the starter waits for the port");
                tokio::select! {
                    () = accept(listener, handler) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        let url = format!("http://127.0.0.1:{}", port.recv().expect("the server starts"));
        Self { url, stop: Some(stop), thread: Some(thread) }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept<H>(listener: TcpListener, handler: Arc<H>)
where
    H: Fn(Request<Bytes>) -> Result<Response<Full<Bytes>>, Closed> + Send + Sync + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        let handler = Arc::clone(&handler);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let handler = Arc::clone(&handler);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                    let request = Request::from_parts(head, body);
                    spawn_blocking(move || handler(request)).await.unwrap_or(Err(Closed))
                }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed without an answer")
    }
}

impl std::error::Error for Closed {}

/// What a broken server does after its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It closes the connection.
    Close,
    /// It keeps the connection open and says nothing.
    Hang,
    /// It sends bytes for as long as somebody reads.
    Flood,
    /// It sends a byte every second.
    Trickle,
}

/// A server that answers every connection with the same bytes, which need not be HTTP. It stops when dropped.
#[derive(Debug)]
pub struct BrokenServer {
    port: u16,
    stopped: Arc<AtomicBool>,
}

impl BrokenServer {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(bytes: &'static [u8], then: Then) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let stopped = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopped);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stops.load(Ordering::Relaxed) {
                    break;
                }
                let stops = Arc::clone(&stops);
                thread::spawn(move || break_off(stream, bytes, then, &stops));
            }
        });
        Self { port, stopped }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for BrokenServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Its loop waits for a connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn break_off(mut stream: TcpStream, bytes: &[u8], then: Then, stopped: &AtomicBool) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
    let mut request = vec![0; 1 << 16];
    // What is unread when a connection closes resets it.
    while matches!(stream.read(&mut request), Ok(1..)) {}
    let mut sent = stream.write_all(bytes);
    while sent.is_ok() && then != Then::Close && !stopped.load(Ordering::Relaxed) {
        match then {
            Then::Flood => sent = stream.write_all(&request),
            Then::Trickle => {
                thread::sleep(Duration::from_secs(1));
                sent = stream.write_all(b" ");
            }
            Then::Hang | Then::Close => thread::sleep(Duration::from_millis(100)),
        }
    }
}
