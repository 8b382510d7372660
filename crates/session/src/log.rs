//! keyless's own lines in the step's log. Failures go to standard error, everything else to standard output.

use std::{
    fmt::Display,
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use keyless_aws::{Explanation, Said};
use keyless_core::text::printable;

/// A section of the log starts.
pub fn start(text: impl Display) {
    space();
    out("▶", text);
}

/// Something succeeded.
pub fn success(text: impl Display) {
    out("✔", text);
}

/// A warning.
pub fn warning(text: impl Display) {
    out("!", text);
}

/// Something failed. It is the last line of a run.
pub fn failure(text: impl Display) {
    write(io::stderr().lock(), "✖", &text);
}

/// A row of a summary.
pub fn row(text: impl Display) {
    out(" ", text);
}

/// An empty line.
pub fn space() {
    out("", "");
}

/// A detail of a failure, before its last line.
pub fn detail(text: impl Display) {
    write(io::stderr().lock(), " ", &text);
}

/// What to do about a failure, before its last line.
pub fn help(text: impl Display) {
    detail(format_args!("help: {text}"));
}

/// Why AWS refused a session, with its own answer if it was of STS.
pub(crate) fn refusal(said: Option<&Said>, explanation: &Explanation) {
    if let Some(said) = said {
        detail(format_args!("answer from AWS: {said}"));
    }
    for (name, value) in &explanation.compared {
        detail(format_args!("{name}: {value}"));
    }
    help(&explanation.remedy);
}

/// Whether standard output belongs to a command, so that the log goes to standard error.
static USES_STANDARD_ERROR: AtomicBool = AtomicBool::new(false);

/// Leaves standard output to a command from now on.
pub fn use_standard_error() {
    USES_STANDARD_ERROR.store(true, Ordering::Relaxed);
}

fn out(mark: &str, text: impl Display) {
    if USES_STANDARD_ERROR.load(Ordering::Relaxed) {
        write(io::stderr().lock(), mark, &text);
    } else {
        write(io::stdout().lock(), mark, &text);
    }
}

fn write(mut to: impl Write, mark: &str, text: &dyn Display) {
    // There is nowhere to report that the log cannot be written.
    // What AWS, a proxy or the app says must not look like the log's own lines.
    let text = printable(&text.to_string()).replace('\n', "\n    ");
    let line = format!("{mark} {text}");
    let _ = writeln!(to, "{}", line.trim_end()).and_then(|()| to.flush());
}

/// A time of day in UTC: `16:42 UTC`.
pub fn time(time: SystemTime) -> String {
    let minutes = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 60;
    format!("{:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
}

/// A duration: `0.04 s`, `12.3 s`, `3 min 20 s`, `1 h`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0..10) => format!("{:.2} s", duration.as_secs_f64()),
        (0, 0, _) => format!("{:.1} s", duration.as_secs_f64()),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
