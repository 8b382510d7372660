//! Messages over a pair of streams: a header with the length of the body, and the body as JSON.
//!
//! What an editor sends is read as far as it arrives: a length that is announced and never sent takes no memory.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use lsp_server::{Connection, Message};

/// The longest line of a header. Those that are known have about 60 bytes.
const LONGEST_LINE: u64 = 4096;
/// The largest body: more than twice a file of 100 MB in one message.
const LARGEST_BODY: u64 = 256 * 1024 * 1024;
/// How long what the reader says about its end is waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// A line of the header does not end.
    #[error("a line of a header is longer than {LONGEST_LINE} bytes")]
    Line,
    /// No line of the header says how long the body is.
    #[error("a header has no `Content-Length`")]
    NoLength,
    /// The length is no number.
    #[error("a `Content-Length` is not a number of bytes")]
    Length,
    /// The body is too large.
    #[error("a message has {0} bytes, and at most {LARGEST_BODY} are read")]
    Large(u64),
    /// The body is something else.
    #[error("a message is not one of JSON-RPC: {0}")]
    Json(#[from] serde_json::Error),
    /// The stream broke.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The threads that read and write.
pub(crate) struct Threads {
    ended: mpsc::Receiver<Option<Unreadable>>,
    writer: JoinHandle<io::Result<()>>,
}

impl Threads {
    /// Waits until everything is written; what could not be read, if that was the end.
    pub(crate) fn finish(self) -> Option<Unreadable> {
        // an editor that is gone reads nothing, and a panic was said already
        let _ = self.writer.join();
        self.ended.recv_timeout(LAST_WORDS).ok().flatten()
    }
}

/// Starts to read and write messages.
pub(crate) fn over(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> (Connection, Threads) {
    let (server, Connection { sender, receiver }) = Connection::memory();
    let (last_words, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut input = BufReader::new(input);
        let problem = loop {
            let message = match read(&mut input) {
                Ok(Some(message)) => message,
                Ok(None) => break None,
                Err(problem) => break Some(problem),
            };
            let is_last = matches!(&message, Message::Notification(it) if it.method == "exit");
            if sender.send(message).is_err() || is_last {
                break None;
            }
        };
        let _ = last_words.send(problem);
    });
    let writer = thread::spawn(move || {
        let mut output = BufWriter::new(output);
        receiver.into_iter().try_for_each(|message| message.write(&mut output).and_then(|()| output.flush()))
    });
    (server, Threads { ended, writer })
}

/// The next message; `None` at the end of the stream, also in the middle of one.
fn read(input: &mut impl BufRead) -> Result<Option<Message>, Unreadable> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        match line.as_slice() {
            [] => return Ok(None),
            b"\r\n" | b"\n" => break,
            [.., b'\n'] => {}
            _ if line.len() as u64 == LONGEST_LINE => return Err(Unreadable::Line),
            _ => return Ok(None),
        }
        let line = String::from_utf8_lossy(&line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        if name.trim().eq_ignore_ascii_case("Content-Length") {
            length = Some(value.trim().parse::<u64>().map_err(|_| Unreadable::Length)?);
        }
    }
    let length = length.ok_or(Unreadable::NoLength)?;
    if length > LARGEST_BODY {
        return Err(Unreadable::Large(length));
    }
    let mut body = Vec::new();
    input.by_ref().take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(mut bytes: &[u8]) -> Result<usize, String> {
        let mut count = 0;
        loop {
            match read(&mut bytes).map_err(|problem| problem.to_string())? {
                Some(_) => count += 1,
                None => return Ok(count),
            }
        }
    }

    #[test]
    fn messages_are_read_and_what_is_none_is_named() {
        let message = r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#;
        let framed = format!("Content-Length: {}\r\n\r\n{message}", message.len());
        let typed = format!("content-length:{}\nContent-Type: x\n\n{message}", message.len());
        assert_eq!(read_all(format!("{framed}{typed}").as_bytes()), Ok(2));
        // the editor went away in the middle
        for end in [0, 5, 20, framed.len() - 1] {
            assert_eq!(read_all(&framed.as_bytes()[..end]), Ok(0), "{end}");
        }
        let long = "a".repeat(5000);
        let nested = "[".repeat(100_000);
        for (bytes, said) in [
            ("GET / HTTP/1.1\r\n\r\n", "a header has no `Content-Length`"),
            ("Content-Length: -5\r\n\r\n", "a `Content-Length` is not a number of bytes"),
            ("Content-Length: 9223372036854775807\r\n\r\n", "a message has 9223372036854775807 bytes"),
            ("Content-Length: 99999999999999999999999\r\n\r\n", "a `Content-Length` is not a number of bytes"),
            (&long, "a line of a header is longer than 4096 bytes"),
            ("Content-Length: 2\r\n\r\n{}", "a message is not one of JSON-RPC: "),
            (&format!("Content-Length: {}\r\n\r\n{nested}", nested.len()), "a message is not one of JSON-RPC: "),
            ("Content-Length: 3\r\n\r\n\"\u{fffd}", "a message is not one of JSON-RPC: "),
        ] {
            let problem = read_all(bytes.as_bytes()).expect_err(said);
            assert!(problem.starts_with(said), "{problem}");
        }
    }

    #[test]
    fn a_length_that_never_comes_takes_no_memory() {
        let mut bytes: &[u8] = b"Content-Length: 268435456\r\n\r\n{";
        assert!(matches!(read(&mut bytes), Ok(None)));
    }
}
