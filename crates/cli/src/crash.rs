//! How a run that panics ends.

use std::{
    io::{self, Write},
    panic::{self, PanicHookInfo},
    process,
};

use crate::outcome::Outcome;

/// Makes a panic end the process with one line and the status of a run that could not be made.
///
/// The panic's own text stays out of it: it may quote the linted file.
pub(crate) fn install() {
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(io::stderr(), "{}", last_words(panic));
        process::exit(Outcome::CannotRun.status().into());
    }));
}

/// Makes a panic leave one line, and end no more than what it happened in: an editor's session goes on.
#[cfg(feature = "lsp")]
pub(crate) fn survive() {
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(io::stderr(), "{}", last_words(panic));
    }));
}

fn last_words(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
    format!("error: keyless {} crashed{place}; report this line as a bug", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Runs only as the child of the test below.
    #[test]
    #[ignore = "panics on purpose, in a separate process"]
    fn child() {
        super::install();
        std::thread::spawn(|| panic!("the file says hunter2")).join().unwrap();
    }

    #[test]
    fn a_panic_ends_in_one_line_without_its_text() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::tests::child", "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let said = String::from_utf8(child.stderr).unwrap();
        let place = said.strip_prefix(concat!("error: keyless ", env!("CARGO_PKG_VERSION"), " crashed at "));
        assert!(place.is_some_and(|rest| rest.ends_with("; report this line as a bug\n")), "{said}");
        assert_eq!(said.lines().count(), 1);
        assert!(!said.contains("hunter2"));
        assert_eq!(child.status.code(), Some(2));
    }
}
