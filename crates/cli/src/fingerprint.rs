//! Names for findings that stay the same while lines move, so that a baseline or a service can tell old findings from new ones.

use std::collections::HashMap;

use keyless_core::{diagnostic::Diagnostic, text::Source};

/// What a finding is about, apart from its file and its rule.
#[derive(Debug)]
pub(crate) struct Subject<'d> {
    /// The name of the step, where the finding says so and the step has a name; or else empty.
    pub(crate) step: &'d str,
    /// The text that it marks, in one line.
    pub(crate) text: String,
}

impl<'d> Subject<'d> {
    /// That of a finding in `source`.
    pub(crate) fn of(source: &Source<'_>, diagnostic: &'d Diagnostic) -> Self {
        let step = diagnostic.step.as_ref().and_then(|step| step.name.as_deref()).unwrap_or_default();
        let words: Vec<&str> = source.slice(diagnostic.primary.span).split_whitespace().collect();
        Self { step, text: words.join(" ") }
    }
}

/// Gives each finding of a report a stable, unique fingerprint.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    /// How often each name was given already.
    given: HashMap<u64, usize>,
}

impl Fingerprints {
    /// The name of a finding: a hash of its file, its rule, its step and the text that it marks, so that it stays when lines move
    /// and when messages are reworded. Equal findings of a file are numbered in their order.
    pub(crate) fn of(&mut self, source: &Source<'_>, diagnostic: &Diagnostic) -> String {
        self.of_subject(source, diagnostic, &Subject::of(source, diagnostic))
    }

    /// The same for a finding whose subject is known already.
    pub(crate) fn of_subject(&mut self, source: &Source<'_>, diagnostic: &Diagnostic, subject: &Subject<'_>) -> String {
        let parts = [source.name(), diagnostic.rule.as_str(), subject.step, &subject.text];
        let hash = hash(parts);
        let number = self.given.entry(hash).or_default();
        let name = fnv(hash, &number.to_le_bytes());
        *number += 1;
        format!("{name:016x}")
    }
}

/// A name for a list of names.
#[cfg(feature = "cloud")]
pub(crate) fn of_names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    format!("{:016x}", hash(names))
}

/// A hash of a list.
fn hash<'p>(parts: impl IntoIterator<Item = &'p str>) -> u64 {
    parts.into_iter().fold(FNV_OFFSET, |hash, part| fnv(fnv(hash, part.as_bytes()), &[0]))
}

/// The start value of 64-bit FNV-1a, a hash that is the same on every machine and in every version.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}
