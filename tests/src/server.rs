//! A small HTTP server on loopback, for the services that tests provide.

use std::{fmt, net::Ipv4Addr, sync::Arc, thread};

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
