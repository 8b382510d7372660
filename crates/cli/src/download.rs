//! A text from the network, for the rare command that is given a URL. `curl` fetches it: a client with TLS would make the
//! command, which the pre-commit hook builds, many times as large for one option.

use std::process::{Command, Stdio};

use crate::failure::Failure;

/// How long it may take, in seconds, and how many bytes it may have.
const LIMITS: (&str, &str) = ("30", "10000000");

/// Whether an argument is a URL and no path.
pub(crate) fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// What is under a URL: HTTPS, or HTTP on this machine.
pub(crate) fn text(url: &str) -> Result<String, Failure> {
    let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|local| url.starts_with(local));
    let protocols = if local { "=http" } else { "=https" };
    let failed = |reason: String| Failure::Download { url: url.to_owned(), reason };
    let output = Command::new("curl")
        // the first: no settings of the user
        .args(["--disable", "--fail", "--silent", "--show-error", "--location", "--proto", protocols])
        .args(["--max-time", LIMITS.0, "--max-filesize", LIMITS.1, "--url", url])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("`curl`, which fetches it, could not be started: {error}")))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("it is not UTF-8 text".to_owned()))
}
