//! How far a long run is, on a terminal.

use std::{
    io::Write,
    time::{Duration, Instant},
};

/// A run that ends before says nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// Takes the line away.
const CLEAR: &str = "\r\u{1b}[K";

/// A line that counts files: `checking 1200/10000 files`.
#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    done: usize,
    /// When the line may be written next; `None` if there is nobody to read it.
    next: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    /// Starts to count. Nothing is `shown` where standard error is not a terminal.
    pub(crate) fn new(total: usize, shown: bool) -> Self {
        Self { total, done: 0, next: shown.then(|| Instant::now() + PATIENCE), is_shown: false }
    }

    /// Counts a file.
    pub(crate) fn advance(&mut self, errors: &mut dyn Write) {
        self.done += 1;
        if let Some(next) = &mut self.next
            && Instant::now() >= *next
        {
            *next = Instant::now() + INTERVAL;
            self.is_shown = true;
            // the run goes on without it
            let _ = write!(errors, "{CLEAR}checking {}/{} files", self.done, self.total).and_then(|()| errors.flush());
        }
    }

    /// Takes the line away before something else is written. Whether there was one.
    pub(crate) fn clear(&mut self, errors: &mut dyn Write) -> bool {
        let was_shown = std::mem::take(&mut self.is_shown);
        if was_shown {
            let _ = errors.write_all(CLEAR.as_bytes()).and_then(|()| errors.flush());
        }
        was_shown
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::Progress;

    #[test]
    fn a_line_is_written_after_a_while_and_taken_away() {
        let mut errors = Vec::new();
        let mut progress = Progress::new(3, true);
        progress.advance(&mut errors);
        assert!(!progress.clear(&mut errors) && errors.is_empty(), "too early");
        progress.next = Some(Instant::now());
        progress.advance(&mut errors);
        progress.advance(&mut errors);
        assert!(progress.clear(&mut errors) && !progress.clear(&mut errors));
        assert_eq!(String::from_utf8(errors).unwrap(), "\r\u{1b}[Kchecking 2/3 files\r\u{1b}[K");

        let mut errors = Vec::new();
        let mut progress = Progress::new(3, false);
        progress.advance(&mut errors);
        assert!(errors.is_empty());
    }
}
