//! What a command reads from and writes to.

use std::io::{self, BufWriter, IsTerminal, Read, Write};

use crate::{failure::Failure, terminal::Terminal};

/// How output for people looks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// Whether it has colors.
    pub(crate) colors: bool,
    /// Whether names of rules link to their documentation (OSC 8).
    pub(crate) links: bool,
}

/// The streams of one run, so that a test can pass its own.
pub(crate) struct Streams<'a> {
    /// Where `-` reads.
    pub(crate) input: Box<dyn Read + 'a>,
    /// Where reports go.
    pub(crate) output: Box<dyn Write + 'a>,
    /// Where messages go that are not part of a report.
    pub(crate) errors: Box<dyn Write + 'a>,
    /// What a reader of `output` wants to see, as far as the environment tells.
    pub(crate) look: Look,
    /// Whether `errors` is a terminal, where progress can be shown.
    pub(crate) shows_progress: bool,
}

impl Streams<'static> {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        Self {
            input: Box::new(io::stdin()),
            output: Box::new(BufWriter::new(UntilClosed(io::stdout()))),
            errors: Box::new(io::stderr()),
            look: Look {
                colors: Terminal::of_process().has_colors(),
                links: supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
            },
            shows_progress: io::stderr().is_terminal() && std::env::var_os("CI").is_none(),
        }
    }
}

impl Streams<'_> {
    /// Says something on the error stream that was asked for.
    pub(crate) fn note(&mut self, lines: &[String]) {
        for line in lines {
            // nobody is left to be told when standard error is closed
            let _ = writeln!(self.errors, "note: {line}");
        }
    }

    /// Says on the error stream why something could not be done, below what the output holds already.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        let _ = self.output.flush();
        // nobody is left to be told when standard error is closed
        let _ = match failure {
            // these are errors at their places
            Failure::Settings(invalid) => writeln!(self.errors, "{invalid}"),
            _ => writeln!(self.errors, "error: {failure}"),
        };
    }
}

/// A writer whose reader may close the pipe: later writes are discarded without an error.
struct UntilClosed<W>(W);

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }
}
