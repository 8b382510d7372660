//! Looking for secrets where none may be.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Every secret of this process's tests: each token that was signed, each session and each package token that was handed out.
static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Makes a secret one that no run may print or leave behind.
pub fn remember(secret: &str) {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
}

/// All secrets that were made so far.
pub fn known() -> Vec<String> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A secret that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Where: a file, or the name of a text.
    pub place: String,
    /// Which of the secrets, by number. The secret itself is not repeated.
    pub secret: usize,
}

/// Looks for secrets in a text, as they are and percent-encoded.
pub fn in_text(place: &str, text: &[u8], secrets: &[String]) -> Vec<Leak> {
    let mut leaks = Vec::new();
    for (number, secret) in secrets.iter().enumerate().filter(|(_, secret)| !secret.is_empty()) {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        if [secret.as_str(), &encoded].iter().any(|form| contains(text, form.as_bytes())) {
            leaks.push(Leak { place: place.to_owned(), secret: number });
        }
    }
    leaks
}

/// Looks for secrets in every file below a folder. Links are not followed.
///
/// # Panics
/// When a file cannot be read.
pub fn below(folder: &Path, secrets: &[String]) -> Vec<Leak> {
    let mut leaks = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let entry = entry.expect("the folder is readable");
        let (path, kind) = (entry.path(), entry.file_type().expect("a file has a type"));
        if kind.is_dir() {
            leaks.extend(below(&path, secrets));
        } else if kind.is_file() {
            leaks.extend(in_text(
                &path.display().to_string(),
                &fs::read(&path).expect("the file is readable"),
                secrets,
            ));
        }
    }
    leaks
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
