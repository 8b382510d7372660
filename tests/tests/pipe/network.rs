//! STS behind TLS with a custom certificate authority, and behind a proxy.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use keyless_tests::{
    cloud::Cloud,
    run::{Finished, Workplace, finish},
};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// The host name in the certificate. Only the proxy can resolve it.
const HOST: &str = "sts.keyless.test";

/// A script that terminates TLS for the STS, and a proxy to it.
const FRONT: &str = "
    const { createServer, request } = require('node:http');
    const net = require('node:net');
    const { readFileSync } = require('node:fs');
    const [target] = process.argv.slice(1);
    const forward = (from, to) => {
        const on = request(target + from.url, { method: from.method, headers: from.headers }, (answer) => {
            to.writeHead(answer.statusCode, answer.headers);
            answer.pipe(to);
        });
        from.pipe(on);
    };
    const options = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem') };
    const tls = require('node:https').createServer(options, forward).listen(0, '127.0.0.1', () => {
        const proxy = createServer((_, to) => to.writeHead(400).end()).on('connect', (asked, socket) => {
            console.log('CONNECT', asked.url);
            const on = net.connect(tls.address().port, '127.0.0.1', () => {
                socket.write('HTTP/1.1 200 OK\\r\\n\\r\\n');
                on.pipe(socket).pipe(on);
            });
            on.on('error', () => socket.destroy());
            socket.on('error', () => on.destroy());
        });
        proxy.listen(0, '127.0.0.1', () => console.log(tls.address().port, proxy.address().port));
    });";

/// The running script. It stops when dropped.
struct Front {
    node: Child,
    lines: BufReader<std::process::ChildStdout>,
    tls: String,
    proxy: String,
}

impl Front {
    fn start(folder: &Path) -> Self {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "key.pem"])
            .args(["-out", "cert.pem", "-subj", "/CN=keyless tests"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext"])
            .arg(format!("subjectAltName=DNS:{HOST},IP:127.0.0.1"))
            .current_dir(folder)
            .stderr(Stdio::null())
            .status();
        assert!(made.is_ok_and(|made| made.success()), "openssl makes certificates");
        let mut node = Command::new("node")
            .args(["-e", FRONT, CLOUD.sts.url()])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(node.stdout.take().expect("the output is piped"));
        let mut ports = String::new();
        lines.read_line(&mut ports).expect("node prints its ports");
        let (tls, proxy) = ports.trim().split_once(' ').expect("two ports");
        Self { node, lines, tls: format!("https://127.0.0.1:{tls}"), proxy: format!("http://127.0.0.1:{proxy}") }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

fn run(workplace: &Workplace, variables: &[(&str, &str)]) -> Finished {
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env("COMMAND", "exec").env("EXTRA_ARGS", "true");
    finish(pipe.envs(variables.iter().copied()))
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let workplace = Workplace::empty();
    let front = Front::start(workplace.folder());
    let bundle = workplace.folder().join("cert.pem").display().to_string();
    let finished = run(&workplace, &[("AWS_ENDPOINT_URL_STS", &front.tls)]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    let said = format!("✖ cannot connect to {}: invalid peer certificate: ", front.tls);
    assert!(finished.stderr.lines().last().is_some_and(|line| line.starts_with(&said)), "{finished:#?}");
    let finished = run(&workplace, &[("AWS_ENDPOINT_URL_STS", &front.tls), ("AWS_CA_BUNDLE", &bundle)]);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished:#?}");
}

#[test]
fn a_proxy_is_used_unless_the_host_is_excepted() {
    let workplace = Workplace::empty();
    let mut front = Front::start(workplace.folder());
    let bundle = workplace.folder().join("cert.pem").display().to_string();
    let endpoint = format!("https://{HOST}");
    let variables =
        [("AWS_ENDPOINT_URL_STS", endpoint.as_str()), ("AWS_CA_BUNDLE", &bundle), ("HTTPS_PROXY", &front.proxy)];
    let finished = run(&workplace, &variables);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished:#?}");
    let mut line = String::new();
    front.lines.read_line(&mut line).expect("the proxy prints what it is asked");
    assert_eq!(line, format!("CONNECT {HOST}:443\n"));
    let excepted = [variables.as_slice(), &[("NO_PROXY", HOST)]].concat();
    let finished = run(&workplace, &excepted);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
}
