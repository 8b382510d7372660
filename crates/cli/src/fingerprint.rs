//! Names for findings that stay the same while lines move, so that a service can tell old findings from new ones.

use std::collections::HashMap;

/// Gives each finding of a report a stable, unique fingerprint.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    /// How often each name was given already.
    given: HashMap<u64, usize>,
}

impl Fingerprints {
    /// The name of a finding: a hash of what it is about, such as its file, rule and message. Equal findings are numbered, so
    /// that a line number is not part of the name.
    pub(crate) fn next(&mut self, parts: &[&str]) -> String {
        let hash = parts.iter().fold(FNV_OFFSET, |hash, part| fnv(fnv(hash, part.as_bytes()), &[0]));
        let number = self.given.entry(hash).or_default();
        let name = fnv(hash, &number.to_le_bytes());
        *number += 1;
        format!("{name:016x}")
    }
}

/// The start value of 64-bit FNV-1a, a hash that is the same on every machine and in every version.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}
