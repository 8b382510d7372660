//! `keyless setup --source-ips` with a URL: the real curl and a loopback server that answers one request.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Command, Output},
    thread,
};

/// Answers one request and returns its first line.
fn serve(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ranges", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let first = lines.next().unwrap();
        lines.find(String::is_empty).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        first
    });
    (url, server)
}

fn setup(addresses: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyless"))
        .args(["setup", "--workspace", "acme", "--workspace-uuid", "6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"])
        .args(["--repository", "web={b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}", "--source-ips", addresses])
        .output()
        .unwrap()
}

#[test]
fn the_published_list_is_fetched() {
    let (url, server) = serve(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"items\": [\
         {\"cidr\": \"198.51.100.0/25\", \"product\": [\"bitbucket\"], \"direction\": [\"egress\"]},\
         {\"cidr\": \"198.51.100.128/25\", \"product\": [\"bitbucket\"], \"direction\": [\"egress\"]},\
         {\"cidr\": \"203.0.113.0/24\", \"product\": [\"jira\"], \"direction\": [\"egress\"]}]}",
    );
    let output = setup(&url);
    assert!(output.status.success(), "{output:?}");
    let written = String::from_utf8(output.stdout).unwrap();
    assert!(written.contains("198.51.100.0/24") && !written.contains("203.0.113"), "{written}");
    assert_eq!(server.join().unwrap(), "GET /ranges HTTP/1.1");
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let (url, server) = serve("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    for (url, expected) in [(url.as_str(), "404"), ("http://example.com/ranges", "http")] {
        let output = setup(url);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with(&format!("error: cannot fetch `{url}`: curl: ")) && said.contains(expected), "{said}");
        assert_eq!(output.stdout, b"");
    }
    server.join().unwrap();
}
