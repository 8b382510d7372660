//! The thread that checks files while the editor goes on typing.

use std::{
    collections::HashMap,
    panic::{self, AssertUnwindSafe},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use gen_lsp_types::{Diagnostic, PublishDiagnosticsParams, Uri};
use keyless_core::text::Source;

use super::{
    documents::Document,
    findings, judge,
    positions::{Encoding, Lines},
};

/// How long a file must stay as it is before it is checked.
const QUIET: Duration = Duration::from_millis(8);

/// How long a check may be put off by further changes.
const PATIENCE: Duration = Duration::from_millis(100);

/// What happened to a file.
#[derive(Debug)]
pub(crate) enum Job {
    /// It was opened or changed.
    Check(Document),
    /// It was closed: its findings go.
    Close(Uri),
}

impl Job {
    fn uri(&self) -> &Uri {
        match self {
            Self::Check(document) => &document.uri,
            Self::Close(uri) => uri,
        }
    }
}

/// The findings of a file as the editor shows them.
pub(crate) fn shown(document: &Document, encoding: Encoding) -> Vec<Diagnostic> {
    let name = document.name();
    let source = Source::new(&name, &document.text);
    let lines = Lines::new(&source, encoding);
    judge::findings(document).iter().map(|finding| findings::show(finding, lines, &document.uri)).collect()
}

/// Checks what changes, each file in its newest state, until nobody sends jobs any more. A check that panics publishes nothing, and
/// the next one is made all the same.
pub(crate) fn run(
    jobs: &Receiver<Job>,
    check: impl Fn(&Document) -> Vec<Diagnostic>,
    publish: impl Fn(PublishDiagnosticsParams),
) {
    let mut waiting: HashMap<Uri, Document> = HashMap::new();
    let take = |job, waiting: &mut HashMap<Uri, Document>| match job {
        Job::Check(document) => {
            waiting.insert(document.uri.clone(), document);
        }
        Job::Close(uri) => {
            waiting.remove(&uri);
            publish(PublishDiagnosticsParams::new(uri, None, Vec::new()));
        }
    };
    loop {
        if waiting.is_empty() {
            match jobs.recv() {
                Ok(job) => take(job, &mut waiting),
                Err(_) => return,
            }
        }
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            match jobs.recv_timeout(QUIET) {
                Ok(job) => take(job, &mut waiting),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let Some(uri) = waiting.keys().next().cloned() else { continue };
        let Some(document) = waiting.remove(&uri) else { continue };
        // what a panic leaves behind is thrown away with the document
        let Ok(diagnostics) = panic::catch_unwind(AssertUnwindSafe(|| check(&document))) else { continue };
        // findings of a text that the editor has changed or closed meanwhile would be shown at wrong places
        let mut is_current = true;
        for job in jobs.try_iter() {
            is_current &= *job.uri() != uri;
            take(job, &mut waiting);
        }
        if is_current {
            publish(PublishDiagnosticsParams::new(uri, Some(document.version), diagnostics));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    /// The versions that are published, and how many findings each has.
    fn published(
        jobs: Vec<Job>,
        check: impl Fn(&Document) -> Vec<Diagnostic> + Send + 'static,
    ) -> Vec<(Option<i32>, usize)> {
        let (sender, received) = mpsc::channel();
        let (done, results) = mpsc::channel();
        let worker = thread::spawn(move || {
            run(&received, check, |found| {
                let _ = done.send((found.version, found.diagnostics.len()));
            });
        });
        let mut seen = Vec::new();
        for job in jobs {
            sender.send(job).unwrap();
            seen.extend(results.recv_timeout(Duration::from_secs(2)));
        }
        drop(sender);
        worker.join().unwrap();
        seen
    }

    fn document(version: i32) -> Document {
        Document::new(Uri::from("file:///clone/bitbucket-pipelines.yml"), version, "a: b\n".to_owned())
    }

    #[test]
    fn a_check_that_panics_is_not_the_last() {
        let check = |document: &Document| {
            assert!(document.version != 1, "a check that panics on purpose");
            vec![Diagnostic::default()]
        };
        let jobs = vec![Job::Check(document(1)), Job::Check(document(2)), Job::Close(document(2).uri)];
        assert_eq!(published(jobs, check), [(Some(2), 1), (None, 0)]);
    }
}
