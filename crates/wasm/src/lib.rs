//! keyless in the browser: text in, JSON out.
//!
//! Each export is one line over a function of [`lint`], [`assistance`], [`views`], [`trust`], [`token`] or [`setup`], which are plain Rust
//! and are tested natively.
//! The page calls the exports from a worker (`web/src/worker/worker.ts`) and knows the JSON from `web/src/protocol.ts`.
//!
//! The build makes two modules of it: `lint`, which the page loads first and which must stay small, and `views`, which it
//! loads when someone asks for more than findings.

#[cfg(feature = "views")]
pub mod assistance;
mod json_text;
#[cfg(feature = "lint")]
pub mod lint;
#[cfg(feature = "views")]
pub mod setup;
#[cfg(feature = "views")]
pub mod token;
#[cfg(feature = "views")]
pub mod trust;
#[cfg(feature = "views")]
pub mod views;

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs when the module starts: a panic then prints its message and place to the console before it traps.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The exports of the module that the page loads first.
#[cfg(feature = "lint")]
pub mod lint_exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::lint;

    /// The JSON report of one pipeline file; see [`lint::lint`].
    #[wasm_bindgen]
    pub fn lint(text: &str, file_name: &str, known_variables: Vec<String>) -> String {
        lint::lint(text, file_name, known_variables)
    }
}

/// The exports of the module that the page loads later.
#[cfg(feature = "views")]
pub mod views_exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::{assistance, setup, token, trust, views};

    /// Documentation of what stands at a byte offset, or `null`; see [`assistance::hover`].
    #[wasm_bindgen]
    pub fn hover(text: &str, offset: usize) -> String {
        assistance::hover(text, offset)
    }

    /// What may be typed at a byte offset, or `null`; see [`assistance::completion`].
    #[wasm_bindgen]
    pub fn completion(text: &str, offset: usize) -> String {
        assistance::completion(text, offset)
    }

    /// From an alias to its anchor and back; see [`assistance::definition`].
    #[wasm_bindgen]
    pub fn definition(text: &str, offset: usize) -> String {
        assistance::definition(text, offset)
    }

    /// What runs when, and with which role; see [`views::outline`].
    #[wasm_bindgen]
    pub fn outline(text: &str) -> String {
        views::outline(text)
    }

    /// What Bitbucket's settings must define; see [`views::requirements`].
    #[wasm_bindgen]
    pub fn requirements(text: &str, known_variables: Vec<String>) -> String {
        views::requirements(text, known_variables)
    }

    /// Trust policies checked and judged; see [`trust::trust`].
    #[wasm_bindgen]
    pub fn trust(text: &str, request: &str) -> String {
        trust::trust(text, request)
    }

    /// A token explained; see [`token::token`]. Seconds come as JavaScript's only kind of number.
    #[wasm_bindgen]
    pub fn token(raw: &str, now: u32) -> String {
        token::token(raw, now.into())
    }

    /// The AWS side written down; see [`setup::setup`].
    #[wasm_bindgen]
    pub fn setup(wanted: &str) -> String {
        setup::setup(wanted)
    }
}
