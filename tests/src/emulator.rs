//! The AWS emulator (ministack) on a free port of the loopback interface.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::checkout;

/// How long it may take to start. Half a second is usual.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Whether requests are authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorisation {
    /// Trust policies and permissions are evaluated.
    Judged,
    /// Everything is allowed.
    Open,
}

/// A running emulator. It stops when dropped, and also when this process is killed: it is the child of a shell that waits
/// for the end of its standard input, which comes in either case. The shell removes the folder too.
#[derive(Debug)]
pub struct Emulator {
    port: u16,
    watcher: Child,
    /// Its data and its log.
    folder: PathBuf,
}

/// Runs the command in its arguments until standard input ends, then ends its whole group and removes the folder `$HOME`.
const WATCHER: &str = r#"trap : TERM; "$@" </dev/null & read -r _; kill -TERM 0; wait; rm -rf "$HOME""#;

impl Emulator {
    /// Starts one and waits until it answers.
    ///
    /// # Panics
    /// When it is not installed or does not answer in a minute.
    pub fn start(authorisation: Authorisation) -> Self {
        let program = checkout::root().join(".tools/aws/bin/ministack");
        assert!(program.is_file(), "the AWS emulator is not installed: run tests/install.sh");
        (0..3).find_map(|_| Self::try_start(&program, authorisation)).expect("the AWS emulator starts")
    }

    fn try_start(program: &PathBuf, authorisation: Authorisation) -> Option<Self> {
        let port = free_port();
        let folder = checkout::scratch("emulator").keep();
        let log = fs::File::create(folder.join("log")).expect("the scratch folder is writable");
        let watcher = Command::new("sh")
            .args(["-c", WATCHER, "sh"])
            .arg(program)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH"))
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("AUTH", if authorisation == Authorisation::Judged { "true" } else { "false" })
            .current_dir(&folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("sh starts");
        let emulator = Self { port, watcher, folder };
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if emulator.answers() {
                return Some(emulator);
            }
            if emulator.log().contains("address already in use") {
                return None;
            }
            thread::sleep(Duration::from_millis(25));
        }
        None
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return false };
        let asked =
            stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("a listener has an address").port()
}
