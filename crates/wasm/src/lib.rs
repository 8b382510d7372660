//! keyless in the browser: text in, JSON out.
//!
//! Each export is one line over a function of [`answer`], which is plain Rust and is tested natively. The page calls the
//! exports from a worker (`web/src/worker.ts`) and knows the JSON from `web/src/report.ts`.

pub mod answer;

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
