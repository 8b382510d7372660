//! What a command reads from and writes to.

use std::io::{self, BufWriter, IsTerminal, Read, Write};

use crate::failure::Failure;

/// The streams of one run, so that a test can pass its own.
pub(crate) struct Streams<'a> {
    /// Where `-` reads.
    pub(crate) input: Box<dyn Read + 'a>,
    /// Where reports go.
    pub(crate) output: Box<dyn Write + 'a>,
    /// Where messages go that are not part of a report.
    pub(crate) errors: Box<dyn Write + 'a>,
    /// Whether a reader of `output` wants colours, as far as the environment tells.
    pub(crate) colors: bool,
}

impl Streams<'static> {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        Self {
            input: Box::new(io::stdin()),
            output: Box::new(BufWriter::new(UntilClosed(io::stdout()))),
            errors: Box::new(io::stderr()),
            colors: io::stdout().is_terminal()
                && !is_set("NO_COLOR")
                && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb"),
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

/// Whether a variable has a value; <https://no-color.org> has an empty one count as none.
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}
