//! Writes the JavaScript side of the wasm module: `keyless-bindgen MODULE.wasm FOLDER`.
//!
//! The same work as the `wasm-bindgen` command, from its library at the version that the workspace pins for the module
//! itself: the two must be equal, and this way they cannot drift apart and nothing has to be installed.

use std::{env, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(module), Some(folder), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return refuse("usage: keyless-bindgen MODULE.wasm FOLDER");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).typescript(true).omit_default_module_path(true);
    match bindgen.web(true).and_then(|bindgen| bindgen.generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("{error:#}")),
    }
}

#[expect(clippy::print_stderr, reason = "a command of the build says what went wrong")]
fn refuse(message: &str) -> ExitCode {
    eprintln!("keyless-bindgen: {message}");
    ExitCode::FAILURE
}
