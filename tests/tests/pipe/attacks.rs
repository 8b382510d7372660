//! What other processes and the network could try, by `docs/threat-model.md`.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    sync::LazyLock,
    time::{Duration, Instant},
};

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Running, Workplace, as_in_a_container, finish},
    strict_sts::Fault,
};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// Prints the endpoint's port and bearer, which no test prints further.
const SHOW: &str = "echo \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"; echo \"$AWS_CONTAINER_AUTHORIZATION_TOKEN\"; echo";

fn exec(workplace: &Workplace, script: &str) -> Command {
    let mut command = workplace.step(&CLOUD, "keyless");
    command.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).args(["exec", "--", "sh", "-c", script]);
    command
}

/// A session's endpoint, as its command sees it.
struct Endpoint {
    run: Running,
    workplace: Workplace,
    address: SocketAddr,
    bearer: String,
}

impl Endpoint {
    fn start() -> Self {
        let workplace = Workplace::empty();
        let run = Running::start(
            &mut exec(&workplace, &format!("{SHOW}; until [ -e ../end ]; do sleep 0.05; done")),
            &workplace,
        );
        let started = Instant::now();
        let printed = loop {
            let printed = run.printed();
            if printed.ends_with("\n\n") {
                break printed;
            }
            assert!(started.elapsed() < Duration::from_mins(1), "the command does not start");
            std::thread::sleep(Duration::from_millis(20));
        };
        let (url, bearer) = printed.trim().split_once('\n').expect("two lines");
        let address = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/credentials"));
        let address = address.and_then(|address| address.parse().ok()).expect("a loopback address");
        Self { run, workplace, address, bearer: bearer.to_owned() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the endpoint accepts connections");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket has a timeout");
        stream
    }

    /// The status of an answer to a request with these headers.
    fn status(&self, headers: &[(&str, &str)]) -> String {
        let mut stream = self.connect();
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
        write!(stream, "GET /credentials HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn end(self) -> Finished {
        std::fs::write(self.workplace.folder().join("end"), "").expect("the scratch folder is writable");
        self.run.finish()
    }
}

#[test]
fn unfinished_requests_keep_nobody_waiting() {
    let endpoint = Endpoint::start();
    let mut open: Vec<TcpStream> = (0..100).map(|_| endpoint.connect()).collect();
    for stream in &mut open {
        stream.write_all(b"GET /credentials HTTP/1.1\r\n").expect("it reads");
    }
    let started = Instant::now();
    let host = endpoint.address.to_string();
    assert_eq!(endpoint.status(&[("Host", &host), ("Authorization", &endpoint.bearer)]), "200");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    for stream in &mut open {
        let mut rest = Vec::new();
        // Closed in any way; a timeout would be an error of another kind.
        let closed = stream.read_to_end(&mut rest);
        let waits = closed.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!waits && started.elapsed() < Duration::from_secs(9), "a connection is still open");
    }
    assert_eq!(endpoint.end().code, Some(0));
}

#[test]
fn a_bearer_is_new_and_long_for_each_endpoint() {
    let workplace = Workplace::empty();
    let bearer = || finish(&mut exec(&workplace, SHOW)).stdout.lines().nth(1).unwrap_or_default().to_owned();
    let bearers: BTreeSet<String> = (0..3).map(|_| bearer()).collect();
    assert_eq!(bearers.len(), 3, "each is new");
    // 32 bytes in base64.
    assert!(bearers.iter().all(|bearer| bearer.len() == 43), "256 bits");
}

#[test]
fn other_processes_cannot_read_its_memory() {
    let workplace = Workplace::empty();
    let script = "for file in environ mem maps; do head -c 1 /proc/$PPID/$file >/dev/null 2>&1 && echo \"read $file\"; done; echo done";
    let finished = finish(&mut as_in_a_container(&exec(&workplace, script)));
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "done\n"), "{}", finished.stderr);
}

#[test]
fn an_answer_cannot_forge_lines_of_the_log() {
    let workplace = Workplace::empty();
    let message = "no\r✔ session of admin\u{9b}2J\u{202e}\n✔ exec done";
    let sts = CLOUD.faulty_sts(vec![Fault::Answer(400, "ValidationError", message); 9], Duration::ZERO);
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("AWS_ENDPOINT_URL_STS", sts.url()).env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token());
    let finished = finish(pipe.env("COMMAND", "exec").env("EXTRA_ARGS", "true"));
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    let printed = finished.stdout + &finished.stderr;
    assert!(printed.contains("session of admin"), "AWS's answer is shown: {printed}");
    assert!(!printed.contains(['\r', '\u{9b}', '\u{202e}']), "{printed:?}");
    assert!(!printed.lines().any(|line| line.starts_with('✔')), "{printed:?}");
}

#[test]
fn an_endless_answer_ends() {
    let workplace = Workplace::empty();
    let sts = CLOUD.faulty_sts(vec![Fault::Large(100 << 20)], Duration::ZERO);
    let mut command = exec(&workplace, "grep VmHWM /proc/$PPID/status >&2");
    let finished = finish(command.env("AWS_ENDPOINT_URL_STS", sts.url()));
    assert_eq!((finished.code, sts.asked()), (Some(0), 2), "{finished:#?}");
    let peak = finished.stderr.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let peak: u64 = peak.and_then(|peak| peak.trim().parse().ok()).expect("the kernel counts");
    assert!(peak < 64 * 1024, "{peak} KiB");
}
