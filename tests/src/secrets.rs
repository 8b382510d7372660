//! The search for leaked secrets.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// All secrets of this process's tests: every signed token and every session and package token that was issued.
static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Registers a secret, which no run may print or leave behind.
pub fn remember(secret: &str) {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
}

/// All secrets so far.
pub fn known() -> Vec<String> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A secret that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// A file, or the name of an output.
    pub place: String,
    /// The index of the secret. The secret itself is not repeated.
    pub secret: usize,
}

/// Searches an output for secrets, literally and percent-encoded.
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

/// Searches every file in a folder for secrets, recursively. Links are not followed.
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
