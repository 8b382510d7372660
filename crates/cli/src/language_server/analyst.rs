//! A thread that reads one version of a pipeline file and answers questions about it, so that the second question about a long
//! file costs nothing.

use std::{
    panic,
    sync::{Arc, mpsc},
    thread,
};

use keyless_core::{
    analysis::{Analysis, ParsedFile},
    settings::Settings,
    text::Source,
};

use super::documents::Document;
use crate::roles;

type Question = Box<dyn FnOnce(&Analysis<'_>) + Send>;

/// The reader of one version of a file. Its thread ends with it.
#[derive(Debug)]
pub(crate) struct Analyst {
    version: i32,
    questions: mpsc::Sender<Question>,
}

impl Analyst {
    /// Starts to read a file.
    pub(crate) fn new(document: &Document, settings: Arc<Settings>) -> Self {
        let (questions, asked) = mpsc::channel::<Question>();
        let text = Arc::clone(&document.text);
        thread::spawn(move || {
            let source = Source::new("bitbucket-pipelines.yml", &text);
            let parsed = ParsedFile::new(&source);
            // a trust policy that cannot be read is a finding; here it says nothing
            let roles = roles::of(&settings, None).unwrap_or_default();
            let analysis = Analysis::with_roles(&parsed, &settings, &roles);
            for question in asked {
                question(&analysis);
            }
        });
        Self { version: document.version, questions }
    }

    /// Whether it has read this version.
    pub(crate) fn knows(&self, document: &Document) -> bool {
        self.version == document.version
    }

    /// The answer to a question.
    ///
    /// # Panics
    /// If the question or the reading panicked.
    pub(crate) fn ask<R: Send + 'static>(&self, question: impl FnOnce(&Analysis<'_>) -> R + Send + 'static) -> R {
        let (sender, answer) = mpsc::channel();
        let asked = self.questions.send(Box::new(move |file| {
            // who asked waits for it
            let _ = sender.send(question(file));
        }));
        match asked.ok().and_then(|()| answer.recv().ok()) {
            Some(answer) => answer,
            None => panic::resume_unwind(Box::new("the thread that reads the file has panicked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use gen_lsp_types::Uri;

    use super::*;

    #[test]
    fn one_version_is_read_once_and_a_panic_reaches_who_asked() {
        let document = Document::new(Uri::from("untitled:1"), 3, "pipelines: {custom: {a: []}}\n".to_owned());
        let analyst = Analyst::new(&document, Arc::default());
        assert!(analyst.knows(&document) && !analyst.knows(&Document { version: 4, ..document.clone() }));
        assert_eq!(analyst.ask(|file| file.model.pipelines.len()), 1);
        let panicking =
            AssertUnwindSafe(|| analyst.ask(|file| assert_eq!(file.model.pipelines.len(), 0, "on purpose")));
        assert!(catch_unwind(panicking).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| analyst.ask(|_| ()))).is_err());
    }
}
