//! A child's output on its way to the log: copied as it comes, and read line by line.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A reader of lines.
pub type Listener = Arc<Mutex<dyn FnMut(&str) + Send>>;

/// How many bytes of a line are read. The rest is only copied.
const LINE_LIMIT: usize = 4096;
/// How many bytes are copied at a time.
const CHUNK: usize = 64 * 1024;

/// Copies a stream to its end. Memory stays bounded whatever the child prints.
///
/// # Errors
/// When the stream cannot be read, or the log cannot be written.
pub(super) async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    listener: Listener,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    let mut line = Vec::new();
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            break;
        }
        to.write_all(&chunk[..length]).await?;
        to.flush().await?;
        for part in chunk[..length].split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            line.extend_from_slice(&text[..text.len().min(LINE_LIMIT.saturating_sub(line.len()))]);
            if ended {
                read(&listener, &line);
                line.clear();
            }
        }
    }
    if !line.is_empty() {
        read(&listener, &line);
    }
    Ok(())
}

fn read(listener: &Listener, line: &[u8]) {
    let line = without_colors(&String::from_utf8_lossy(line));
    (listener.lock().unwrap_or_else(PoisonError::into_inner))(&line);
}

/// Removes a terminal's control sequences (`ESC [ … letter`).
fn without_colors(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        text + &part[end..]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn lines_are_heard_and_bytes_passed_on() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&heard);
        let listener: Listener = Arc::new(Mutex::new(move |line: &str| lines.lock().unwrap().push(line.to_owned())));
        let text = format!("one\n\u{1b}[32m✅\u{1b}[39m two\n{}\nlast", "x".repeat(10_000));
        let mut out = Vec::new();
        pass_on(text.as_bytes(), &mut out, listener).await.unwrap();
        assert_eq!(out, text.as_bytes());
        assert_eq!(*heard.lock().unwrap(), ["one", "✅ two", &"x".repeat(LINE_LIMIT), "last"]);
    }
}
