//! keyless in the browser: strings in, JSON out.
//!
//! Each export reads its arguments, asks `keyless_core`, and answers with one serialized value. The types of these values
//! and of the JSON arguments are written to `web/src/protocol.ts` by the test in `protocol.rs`, so that the page cannot
//! drift from them.
//!
//! The build makes two modules of this crate. The page first loads one that must stay small: it only lints, with the rules
//! about the file itself and its credentials. The module with the feature `complete` follows while the visitor reads the
//! first findings: it has all rules, and answers everything else.

#[cfg(feature = "complete")]
pub mod migrate;
#[cfg(test)]
mod protocol;
#[cfg(feature = "complete")]
pub mod requirements;
#[cfg(feature = "complete")]
pub mod setup;
#[cfg(feature = "complete")]
pub mod token;
#[cfg(feature = "complete")]
pub mod trust;

use keyless_core::{lint, report, settings::Settings, text::Source};
use serde::Serialize;
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

/// Runs when the module starts: a panic then prints its message and location to the console before it traps.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The form of every answer. A failure is an exception in the worker.
fn json(answer: &impl Serialize) -> Result<String, JsError> {
    Ok(serde_json::to_string(answer)?)
}

/// Lints a pipeline file: the report of `keyless lint --format json` for one file.
///
/// `known_variables` are the names that Bitbucket's settings define. The first module has the rules about the file itself
/// and its credentials; the complete module has all rules.
#[wasm_bindgen]
pub fn lint(text: &str, file_name: &str, known_variables: Vec<String>) -> Result<String, JsError> {
    let source = Source::new(file_name, text);
    let diagnostics = lint::lint(&source, &Settings::with_variables(known_variables));
    json(&report::json::file(&source, &diagnostics))
}

/// What only the complete module exports. Offsets count bytes of the text as UTF-8.
#[cfg(feature = "complete")]
pub mod complete_exports {
    use keyless_core::{
        analysis::{Analysis, ParsedFile},
        ide, rules,
        settings::Settings,
        text::Source,
    };
    use wasm_bindgen::{JsError, prelude::wasm_bindgen};

    use crate::{OrError, json, migrate, requirements, setup, token, trust};

    /// The documentation of the key or variable at an offset; `null` where there is none.
    #[wasm_bindgen]
    pub fn hover(text: &str, offset: usize) -> Result<String, JsError> {
        let source = Source::new("bitbucket-pipelines.yml", text);
        json(&ide::hover::at(&Analysis::new(&ParsedFile::new(&source), &Settings::default()), offset))
    }

    /// What may be typed at an offset; `null` where nothing can be suggested.
    #[wasm_bindgen]
    pub fn completion(text: &str, offset: usize) -> Result<String, JsError> {
        json(&ide::completion::at(text, offset))
    }

    /// The anchor of the alias at an offset, or the uses of the anchor there.
    #[wasm_bindgen]
    pub fn definition(text: &str, offset: usize) -> Result<String, JsError> {
        let source = Source::new("bitbucket-pipelines.yml", text);
        json(&ide::definition::at(ParsedFile::new(&source).tree(), offset))
    }

    /// What runs when: pipelines, their groups and steps, with environments, tokens and roles.
    #[wasm_bindgen]
    pub fn outline(text: &str) -> Result<String, JsError> {
        let source = Source::new("bitbucket-pipelines.yml", text);
        json(&ide::outline::read(&Analysis::new(&ParsedFile::new(&source), &Settings::default())))
    }

    /// What the steps need from Bitbucket's settings; see [`requirements::requirements`].
    #[wasm_bindgen]
    pub fn requirements(text: &str, known_variables: Vec<String>) -> Result<String, JsError> {
        json(&requirements::requirements(text, known_variables))
    }

    /// Plans the way from stored keys to roles; see [`migrate::migrate`].
    #[wasm_bindgen]
    pub fn migrate(text: &str, known_variables: Vec<String>) -> Result<String, JsError> {
        json(&OrError::from(migrate::migrate(text, known_variables)))
    }

    /// Checks the trust policies in a document and simulates a request against each; see [`trust::simulate`].
    ///
    /// `request` is a [`trust::TrustRequest`] as JSON.
    #[wasm_bindgen]
    pub fn trust(text: &str, request: &str) -> Result<String, JsError> {
        let request = serde_json::from_str(request)?;
        let source = Source::new("trust-policy.json", text);
        let diagnostics = rules::trust::findings(&source);
        json(&trust::simulate(&source, &diagnostics, &request))
    }

    /// Reads a token; see [`token::read`]. `now` is in seconds since 1970, as JavaScript's only kind of number.
    #[wasm_bindgen]
    pub fn token(raw: &str, now: u32) -> Result<String, JsError> {
        json(&token::read(raw, now.into()))
    }

    /// Writes the AWS side of a repository; see [`setup::setup`]. `form` is a [`setup::SetupForm`] as JSON.
    #[wasm_bindgen]
    pub fn setup(form: &str) -> Result<String, JsError> {
        let form = serde_json::from_str(form)?;
        json(&setup::setup(&form))
    }
}

/// An answer, or why there is none.
#[cfg(feature = "complete")]
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum OrError<T> {
    /// The input cannot be used.
    Error {
        /// Why, in one sentence.
        error: String,
    },
    /// The answer.
    Answer(T),
}

#[cfg(feature = "complete")]
impl<T, E: std::fmt::Display> From<Result<T, E>> for OrError<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(answer) => Self::Answer(answer),
            Err(error) => Self::Error { error: error.to_string() },
        }
    }
}
