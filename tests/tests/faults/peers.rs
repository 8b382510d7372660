//! Faults of AWS, of what is between it and the step, and of clocks.

use std::time::Duration;

use keyless_tests::{
    run::{Workplace, finish},
    server::{BrokenServer, Then},
    step as tokens,
    strict_sts::Fault,
};
use serde_json::json;

use crate::{CLOUD, Expected, all, step, timed, wrong};

/// The answers of a broken peer: name, bytes, what it does then, and what the last line says.
type Broken = (&'static str, &'static [u8], Then, &'static str);

const NO_STS: &str = "not an answer of STS";

/// In place of STS, or of a proxy that answers in its place.
const ENDPOINTS: &[Broken] = &[
    ("closes at once", b"", Then::Close, "cannot connect to"),
    ("another protocol", b"SSH-2.0-OpenSSH_9.9\r\n", Then::Close, "cannot connect to"),
    ("half a status line", b"HTTP/1.1 2", Then::Close, "cannot connect to"),
    ("half of the headers", b"HTTP/1.1 200 OK\r\ncontent-ty", Then::Close, "cannot connect to"),
    ("half of the body", b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<Assume", Then::Close, NO_STS),
    ("a chunk without a size", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", Then::Close, NO_STS),
    ("an empty body", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Close, NO_STS),
    ("no content", b"HTTP/1.1 204 No Content\r\n\r\n", Then::Close, NO_STS),
    ("another protocol is offered", b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", Then::Close, ""),
    ("bytes without an end", b"HTTP/1.1 200 OK\r\n\r\n", Then::Flood, NO_STS),
    ("headers without an end", b"HTTP/1.1 200 OK\r\nx: ", Then::Flood, NO_STS),
    ("a body that is not UTF-8", b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\xff\xfe\x00<", Then::Close, NO_STS),
    ("a login page", b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n<html>log in", Then::Close, NO_STS),
    ("a login that is required", b"HTTP/1.1 407 x\r\ncontent-length: 0\r\n\r\n", Then::Close, NO_STS),
    (
        "a gateway without a server",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>",
        Then::Close,
        "AWS refused",
    ),
    ("silence", b"", Then::Hang, "within 15 s"),
    ("silence in the headers", b"HTTP/1.1 200 OK\r\n", Then::Hang, "within 15 s"),
    ("silence in the body", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<", Then::Hang, NO_STS),
    ("a byte a second", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n<", Then::Trickle, "within 15 s"),
];

/// Proxies of `HTTPS_PROXY`.
const PROXIES: &[Broken] = &[
    ("dies at once", b"", Then::Close, "cannot connect to https://sts.keyless.test"),
    ("is no proxy", b"220 mail ESMTP\r\n", Then::Close, "cannot connect to https://sts.keyless.test"),
    ("wants a login", b"HTTP/1.1 407 x\r\ncontent-length: 0\r\n\r\n", Then::Close, "cannot connect to https://"),
    ("has no route", b"HTTP/1.1 502 x\r\ncontent-length: 0\r\n\r\n", Then::Close, "cannot connect to https://"),
    ("dies after it connected", b"HTTP/1.1 200 OK\r\n\r\n", Then::Close, "cannot connect to https://"),
    ("answers TLS with text", b"HTTP/1.1 200 OK\r\n\r\nhello, world", Then::Close, "cannot connect to https://"),
    ("is silent", b"", Then::Hang, "https://sts.keyless.test"),
];

/// Ends the attempts after the first that takes 15 s.
fn short_token() -> String {
    let mut claims = tokens::claims();
    claims["exp"] = json!(tokens::now() + 8);
    CLOUD.issuer.sign(&claims)
}

fn broken((_, bytes, then, says): &Broken, set: impl Fn(u16) -> Vec<(&'static str, String)>) -> Vec<String> {
    let workplace = Workplace::empty();
    let server = BrokenServer::start(bytes, *then);
    let mut pipe = step(&workplace, "keyless-pipe");
    pipe.envs(set(server.port()));
    if matches!(then, Then::Hang | Then::Trickle) {
        pipe.env("BITBUCKET_STEP_OIDC_TOKEN", short_token());
    }
    let (finished, took) = timed(|| finish(&mut pipe));
    wrong(&workplace, &finished, took, &Expected { code: 1, says, within: Duration::from_secs(30) })
}

#[test]
fn broken_endpoints() {
    let set = |port| vec![("AWS_ENDPOINT_URL_STS", format!("http://127.0.0.1:{port}"))];
    all(ENDPOINTS, |row| row.0.to_owned(), |row| broken(row, set));
}

#[test]
fn broken_proxies() {
    let set = |port| {
        let proxy = ("HTTPS_PROXY", format!("http://127.0.0.1:{port}"));
        vec![proxy, ("AWS_ENDPOINT_URL_STS", "https://sts.keyless.test".to_owned())]
    };
    all(PROXIES, |row| format!("a proxy {}", row.0), |row| broken(row, set));
}

/// Answers of the strict STS: name, faults, exit code and what is said. The last fault is repeated.
#[test]
fn wrong_answers() {
    let elsewhere = BrokenServer::start(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Close);
    let url = format!("http://127.0.0.1:{}", elsewhere.port());
    let always = |fault: Fault| vec![fault; 9];
    let rows: Vec<(&str, Vec<Fault>, i32, &'static str)> = vec![
        ("a part, then all is well", vec![Fault::Part], 0, NO_STS),
        ("a part", always(Fault::Part), 1, NO_STS),
        ("moved", always(Fault::Redirect(302, url.clone())), 1, NO_STS),
        ("moved with its method", always(Fault::Redirect(307, url.clone())), 1, NO_STS),
        ("moved to a file", always(Fault::Redirect(301, "file:///etc/passwd".to_owned())), 1, NO_STS),
        ("no secret key", always(Fault::Changed("SecretAccessKey", "Other")), 1, NO_STS),
        ("no key id", always(Fault::Changed("AccessKeyId", "Other")), 1, NO_STS),
        ("no end of the session", always(Fault::Changed("Expiration", "Other")), 1, NO_STS),
        ("an end that is no time", always(Fault::Changed("<Expiration>2", "<Expiration>soon, 2")), 1, NO_STS),
        ("another root element", always(Fault::Changed("AssumeRoleWithWebIdentityResponse", "Other")), 1, NO_STS),
        ("JSON", always(Fault::Body(200, "{\"Credentials\": {}}")), 1, NO_STS),
        (
            "entities that multiply",
            always(Fault::Body(200, "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>")),
            1,
            NO_STS,
        ),
        ("an error without a code", always(Fault::Body(400, "<ErrorResponse><Error/></ErrorResponse>")), 1, NO_STS),
        ("too many requests", always(Fault::Body(429, "slow down")), 1, NO_STS),
        ("a reset, then all is well", vec![Fault::Reset], 0, "retrying in"),
        ("garbage, then all is well", vec![Fault::Garbage], 0, "retrying in"),
        ("100 MB", vec![Fault::Large(100 << 20)], 0, "retrying in"),
        ("slow for 5 s", vec![Fault::Slow(Duration::from_secs(5))], 0, "retrying in"),
    ];
    all(
        &rows,
        |row| row.0.to_owned(),
        |(_, faults, code, says)| {
            let workplace = Workplace::empty();
            let sts = CLOUD.faulty_sts(faults.clone(), Duration::ZERO);
            let mut pipe = step(&workplace, "keyless-pipe");
            let (finished, took) = timed(|| finish(pipe.env("AWS_ENDPOINT_URL_STS", sts.url())));
            let mut found =
                wrong(&workplace, &finished, took, &Expected { code: *code, says, within: Duration::from_secs(30) });
            if sts.asked() > 4 {
                found.push(format!("asked {} times", sts.asked()));
            }
            found
        },
    );
}

/// Clocks and names: name, seconds that AWS is ahead, seconds that the token's times are ahead, variables, exit code, what is said.
#[test]
fn clocks_and_names() {
    type Row = (&'static str, u64, i64, &'static [(&'static str, &'static str)], i32, &'static str);
    let rows: &[Row] = &[
        ("AWS is an hour ahead", 3601, 0, &[], 1, "the token has expired"),
        ("the issuer is an hour ahead", 0, 3600, &[], 0, "session"),
        ("the issuer is an hour behind", 0, -3601, &[], 1, "1 invalid setting; nothing was run"),
        (
            "no such host",
            0,
            0,
            &[("AWS_ENDPOINT_URL_STS", "https://sts.invalid")],
            1,
            "cannot connect to https://sts.invalid",
        ),
        (
            "no such proxy",
            0,
            0,
            &[("AWS_ENDPOINT_URL_STS", "https://sts.invalid"), ("HTTPS_PROXY", "http://proxy.invalid:3128")],
            1,
            "cannot connect to https://sts.invalid",
        ),
        ("a port where nobody is", 0, 0, &[("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")], 1, "Connection refused"),
        (
            "a proxy where nobody is",
            0,
            0,
            &[("AWS_ENDPOINT_URL_STS", "https://sts.invalid"), ("HTTPS_PROXY", "http://127.0.0.1:9")],
            1,
            "cannot connect to https://sts.invalid",
        ),
    ];
    all(
        rows,
        |row| row.0.to_owned(),
        |(_, aws, issuer, variables, code, says)| {
            let workplace = Workplace::empty();
            let sts = CLOUD.faulty_sts(Vec::new(), Duration::from_secs(*aws));
            let mut claims = tokens::claims();
            for name in ["exp", "iat"] {
                claims[name] = json!(claims[name].as_i64().unwrap_or_default() + issuer);
            }
            let mut pipe = step(&workplace, "keyless-pipe");
            pipe.env("AWS_ENDPOINT_URL_STS", sts.url()).env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.issuer.sign(&claims));
            let (finished, took) = timed(|| finish(pipe.envs(variables.iter().copied())));
            wrong(&workplace, &finished, took, &Expected { code: *code, says, within: Duration::from_secs(40) })
        },
    );
}
