//! keyless in the browser: text in, JSON out.
//!
//! Each export is one line over a function of [`answer`], which is plain Rust and is tested natively. The page calls the
//! exports from a worker (`web/src/worker.ts`) and knows the JSON from `web/src/report.ts`.

pub mod answer;
mod completion;
mod definition;
mod hover;
mod place;

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs when the module starts: a panic then prints its message and place to the console before it traps.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The JSON report of one pipeline file; see [`answer::lint`].
#[wasm_bindgen]
pub fn lint(text: &str, file_name: &str, known_variables: Vec<String>) -> String {
    answer::lint(text, file_name, known_variables)
}

/// Documentation of what stands at a byte offset, or `null`; see [`answer::hover`].
#[wasm_bindgen]
pub fn hover(text: &str, offset: usize) -> String {
    answer::hover(text, offset)
}

/// What may be typed at a byte offset, or `null`; see [`answer::completion`].
#[wasm_bindgen]
pub fn completion(text: &str, offset: usize) -> String {
    answer::completion(text, offset)
}

/// From an alias to its anchor and back; see [`answer::definition`].
#[wasm_bindgen]
pub fn definition(text: &str, offset: usize) -> String {
    answer::definition(text, offset)
}

/// The documentation of every rule; see [`answer::rules`].
#[wasm_bindgen]
pub fn rules() -> String {
    answer::rules()
}
