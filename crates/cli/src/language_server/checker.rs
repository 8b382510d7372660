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

/// Checks what changes, each file in its newest state, until nobody sends jobs any more.
pub(crate) fn run(jobs: &Receiver<Job>, encoding: Encoding, publish: impl Fn(PublishDiagnosticsParams)) {
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
        let Ok(diagnostics) = panic::catch_unwind(AssertUnwindSafe(|| shown(&document, encoding))) else { continue };
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
