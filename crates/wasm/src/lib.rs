//! keyless in the browser: text in, JSON out.
//!
//! Each export is one line over a function of [`answer`] or [`aws`], which are plain Rust and are tested natively. The page
//! calls the exports from a worker (`web/src/worker/worker.ts`) and knows the JSON from `web/src/protocol.ts`.
//!
//! The build makes two modules of it: `pipeline`, which the page loads first and which must stay small, and `aws`, which
//! it loads when someone opens a view that needs it.

#[cfg(feature = "pipeline")]
pub mod answer;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "pipeline")]
mod completion;
#[cfg(feature = "pipeline")]
mod definition;
#[cfg(feature = "pipeline")]
mod hover;
mod json_text;
#[cfg(feature = "pipeline")]
mod outline;
#[cfg(feature = "pipeline")]
mod place;

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs when the module starts: a panic then prints its message and place to the console before it traps.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The exports of the module that the page loads first.
#[cfg(feature = "pipeline")]
pub mod pipeline_exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::answer;

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

    /// What runs when, and with which role; see [`answer::outline`].
    #[wasm_bindgen]
    pub fn outline(text: &str) -> String {
        answer::outline(text)
    }

    /// The documentation of every rule over pipelines; see [`answer::rules`].
    #[wasm_bindgen]
    pub fn rules() -> String {
        answer::rules()
    }
}

/// The exports of the module that the page loads later.
#[cfg(feature = "aws")]
pub mod aws_exports {
    use wasm_bindgen::prelude::wasm_bindgen;

    use crate::aws;

    /// Trust policies checked and judged; see [`aws::trust`].
    #[wasm_bindgen]
    pub fn trust(text: &str, request: &str) -> String {
        aws::trust(text, request)
    }

    /// A token explained; see [`aws::token`]. Seconds come as JavaScript's only kind of number.
    #[wasm_bindgen]
    pub fn token(raw: &str, now: u32) -> String {
        aws::token(raw, now.into())
    }

    /// The AWS side written down; see [`aws::setup`].
    #[wasm_bindgen]
    pub fn setup(wanted: &str) -> String {
        aws::setup(wanted)
    }

    /// The documentation of every rule over trust policies; see [`aws::trust_rules`].
    #[wasm_bindgen]
    pub fn trust_rules() -> String {
        aws::trust_rules()
    }
}
