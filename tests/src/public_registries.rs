//! Everything outside of this machine, as a proxy that writes down what it is asked for, and refuses it.

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::{Response, body::Bytes};

use crate::server::Server;

/// The names under which programs read their proxy. Yarn 2 and newer have their own for URLs with https, and no exceptions.
const VARIABLES: [&str; 5] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "YARN_HTTPS_PROXY"];

/// A running proxy. It stops when dropped.
#[derive(Debug)]
pub struct PublicRegistries {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl PublicRegistries {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start() -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let record = Arc::clone(&asked);
        let server = Server::start(move |request| {
            let uri = request.uri().to_string();
            // pip asks Rust's compiler for its version, which rustup may want to install.
            if !uri.starts_with("static.rust-lang.org") {
                record.lock().unwrap_or_else(PoisonError::into_inner).push(uri);
            }
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.status_mut() = hyper::StatusCode::FORBIDDEN;
            Ok(response)
        });
        Self { server, asked }
    }

    /// The variables that lead programs to it, with the exception of this machine.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let exceptions = ["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1"));
        VARIABLES.iter().map(|name| (*name, self.server.url())).chain(exceptions)
    }

    /// The hosts, with their ports, and the URLs that it was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
