//! Findings that a team has accepted: a file that says which ones were there before.
//!
//! An entry names a finding by its file, its rule, its step and the text that it is about, so that it still matches when lines
//! move and when messages are reworded.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

use keyless_core::{
    diagnostic::{Diagnostic, Severity},
    text::Source,
};
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    fingerprint::{Fingerprints, Subject},
    linted::LintedFile,
};

/// The version of the file's format.
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

/// A finding that was there before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    rule: String,
    /// The step that it is about, where the finding says so and the step has a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    step: String,
    /// The text that it is about, in one line.
    text: String,
    /// All of these and, where they are equal, the number of the finding.
    fingerprint: String,
}

impl Entry {
    fn new(source: &Source<'_>, diagnostic: &Diagnostic, fingerprints: &mut Fingerprints) -> Self {
        let subject = Subject::of(source, diagnostic);
        let fingerprint = fingerprints.of_subject(source, diagnostic, &subject);
        let Subject { step, text } = subject;
        Self {
            file: source.name().to_owned(),
            rule: diagnostic.rule.to_string(),
            step: step.to_owned(),
            text,
            fingerprint,
        }
    }
}

/// Findings for a new baseline.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    fingerprints: Fingerprints,
    findings: Vec<Entry>,
}

impl Collected {
    /// Adds those of a file from a severity on.
    pub(crate) fn add(&mut self, file: &LintedFile, minimum: Severity) {
        let source = file.source();
        let counted = file.diagnostics.iter().filter(|diagnostic| diagnostic.severity >= minimum);
        self.findings.extend(counted.map(|diagnostic| Entry::new(&source, diagnostic, &mut self.fingerprints)));
    }

    /// Writes the file, and returns how many findings are in it.
    pub(crate) fn write(mut self, path: &Path) -> Result<usize, Failure> {
        self.findings.sort();
        let count = self.findings.len();
        let document = Document { version: VERSION, findings: self.findings };
        let failed = |error| Failure::UnwritableFile { path: path.to_owned(), error };
        let mut text = serde_json::to_string_pretty(&document).map_err(|error| failed(error.into()))?;
        text.push('\n');
        fs::write(path, text).map_err(failed)?;
        Ok(count)
    }
}

/// The accepted findings of a run.
#[derive(Debug)]
pub(crate) struct Baseline {
    /// By fingerprint.
    entries: HashMap<String, Entry>,
    fingerprints: Fingerprints,
    /// The files that were checked.
    checked: HashSet<String>,
}

impl Baseline {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::Unreadable { path: path.to_owned(), error })?;
        let failed = |error| Failure::Baseline { path: path.to_owned(), error };
        let document: Document = serde_json::from_str(&text).map_err(failed)?;
        if document.version != VERSION {
            return Err(Failure::BaselineVersion { path: path.to_owned(), version: document.version });
        }
        let by_fingerprint = |entry: Entry| (entry.fingerprint.clone(), entry);
        let entries = document.findings.into_iter().map(by_fingerprint).collect();
        Ok(Self { entries, fingerprints: Fingerprints::default(), checked: HashSet::new() })
    }

    /// Takes the accepted findings of a file away.
    pub(crate) fn accept(&mut self, file: &mut LintedFile) {
        let Self { entries, fingerprints, checked } = self;
        checked.insert(file.name.clone());
        let source = Source::new(&file.name, &file.text);
        file.diagnostics.retain(|diagnostic| {
            let entry = Entry::new(&source, diagnostic, fingerprints);
            entries.remove(&entry.fingerprint).is_none()
        });
    }

    /// What no longer applies in the files that were checked: "`rule` in file: text".
    pub(crate) fn outdated(&self) -> Vec<String> {
        let mut left: Vec<&Entry> = self.entries.values().filter(|entry| self.checked.contains(&entry.file)).collect();
        left.sort();
        left.into_iter().map(|entry| format!("`{}` in {}: {}", entry.rule, entry.file, entry.text)).collect()
    }
}

/// Takes away the findings of a file that its text had before. `old` are those of that text.
pub(crate) fn accept_old(file: &mut LintedFile, old_text: &str, old: &[Diagnostic]) {
    let mut fingerprints = Fingerprints::default();
    let old_source = Source::new(&file.name, old_text);
    let known: HashSet<String> =
        old.iter().map(|diagnostic| Entry::new(&old_source, diagnostic, &mut fingerprints).fingerprint).collect();
    let mut fingerprints = Fingerprints::default();
    let source = Source::new(&file.name, &file.text);
    file.diagnostics
        .retain(|diagnostic| !known.contains(&Entry::new(&source, diagnostic, &mut fingerprints).fingerprint));
}
