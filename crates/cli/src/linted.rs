//! Inputs read and linted, several at a time.

use std::{
    io,
    num::NonZero,
    panic,
    path::PathBuf,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use keyless_core::{
    diagnostic::{Diagnostic, Severity},
    fix::{self, Fixed, Fixing},
    text::{Source, Span},
};

use crate::{failure::Failure, inputs::Input, rules_command::NOT_UTF8};

/// One linted text.
#[derive(Debug)]
pub(crate) struct LintedFile {
    /// What reports call it.
    pub(crate) name: String,
    /// Where it is stored; `None` for standard input.
    pub(crate) path: Option<PathBuf>,
    /// Its text, with U+FFFD for every byte that is not UTF-8.
    pub(crate) text: String,
    /// Its findings, in the order of the text.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What was fixed in it before; `None` if nothing was.
    pub(crate) fixed: Option<Fixed>,
}

impl LintedFile {
    /// The text with its line table.
    pub(crate) fn source(&self) -> Source<'_> {
        Source::new(&self.name, &self.text)
    }
}

/// Lints one file with the settings that apply to it: as a pipeline or as a trust policy.
pub(crate) type Check<'c, S> = dyn Fn(&Source<'_>, &S) -> Vec<Diagnostic> + Sync + 'c;

/// How many inputs are linted before their results are passed on: enough to keep all processors busy, and few enough to hold.
const CHUNK: usize = 256;

/// Lints every input by its settings, with `fixing` after these fixes. `done` gets the
/// results in the order of the inputs, whichever was done first, while the next inputs are linted: of thousands of files only
/// a few are in memory.
pub(crate) fn lint_all<S: Sync>(
    inputs: &[(Input, S)],
    check: &Check<'_, S>,
    fixing: Option<Fixing>,
    mut done: impl FnMut(Result<LintedFile, Failure>) -> io::Result<()>,
) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(inputs.len());
    if threads <= 1 {
        return inputs.iter().try_for_each(|input| done(lint_one(input, check, fixing)));
    }
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(1);
        scope.spawn(move || {
            let mut chunks = inputs.chunks(CHUNK);
            // nobody receives once a report cannot be written
            chunks.try_for_each(|chunk| sender.send(lint_chunk(chunk, check, fixing, threads)))
        });
        receiver.into_iter().flatten().try_for_each(done)
    })
}

/// Lints inputs with several threads.
fn lint_chunk<S: Sync>(
    inputs: &[(Input, S)],
    check: &Check<'_, S>,
    fixing: Option<Fixing>,
    threads: usize,
) -> Vec<Result<LintedFile, Failure>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match inputs.get(index) {
                Some(input) => done.push((index, lint_one(input, check, fixing))),
                None => return done,
            }
        }
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn lint_one<S>(
    (input, settings): &(Input, S),
    check: &Check<'_, S>,
    fixing: Option<Fixing>,
) -> Result<LintedFile, Failure> {
    let (name, path) = (input.name(), input.path());
    let bytes = input.bytes()?;
    let text = match String::from_utf8(bytes.into_owned()) {
        Ok(text) => text,
        Err(error) => {
            let diagnostic = not_utf8(error.as_bytes(), error.utf8_error().valid_up_to());
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            return Ok(LintedFile { name, path, text, diagnostics: vec![diagnostic], fixed: None });
        }
    };
    let lint = |text: &str| check(&Source::new(&name, text), settings);
    let (mut diagnostics, mut text) = (lint(&text), text);
    let fixed = fixing.and_then(|fixing| fix::apply(&mut text, &mut diagnostics, fixing, lint));
    Ok(LintedFile { name, path, text, diagnostics, fixed })
}

/// The finding for bytes that are not UTF-8. The lossy text is the same up to `offset`, where U+FFFD follows.
fn not_utf8(bytes: &[u8], offset: usize) -> Diagnostic {
    let span = Span::new(offset, offset + char::REPLACEMENT_CHARACTER.len_utf8());
    let message = match bytes.get(offset) {
        Some(byte) => format!("the byte 0x{byte:02x} is not UTF-8 text"),
        None => "the file is not UTF-8 text".to_owned(),
    };
    let help = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the file is UTF-16; save it as UTF-8",
        _ => "save the file as UTF-8",
    };
    let mut finding = Diagnostic::new(NOT_UTF8, Severity::Error, span, message);
    finding.help(help);
    finding
}
