//! The tools that the build of the page needs from the workspace.
//!
//! `keyless-bindgen module MODULE.wasm FOLDER` writes the JavaScript side of a wasm module: the same work as the
//! `wasm-bindgen` command, from its library at the version that the workspace pins for the module itself. The two must be
//! equal; this way they always are, and nothing has to be installed.
//!
//! `keyless-bindgen rules` prints the documentation of every rule as JSON. The modules omit it to stay small.

use std::{env, ffi::OsStr, io::Write, process::ExitCode};

use keyless_core::rules::{Rule, pipeline, trust};
use serde_json::{Value, json};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let done = match arguments.iter().map(AsRef::as_ref).collect::<Vec<&OsStr>>().as_slice() {
        [task, module, folder] if *task == "module" => write_glue(module, folder),
        [task] if *task == "rules" => print_rules(),
        _ => Err("usage: keyless-bindgen module MODULE.wasm FOLDER | keyless-bindgen rules".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn write_glue(module: &OsStr, folder: &OsStr) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).typescript(true).omit_default_module_path(true);
    bindgen.web(true).and_then(|bindgen| bindgen.generate(folder)).map_err(|error| format!("{error:#}"))
}

fn print_rules() -> Result<(), String> {
    let pipeline: Vec<_> = pipeline::RULES.iter().map(|rule| described(&rule.described())).collect();
    let trust: Vec<_> = trust::RULES.iter().map(|rule| described(&rule.described())).collect();
    let rules = json!({ "pipeline": pipeline, "trust": trust });
    writeln!(std::io::stdout(), "{rules}").map_err(|error| error.to_string())
}

fn described(rule: &Rule<()>) -> Value {
    json!({ "id": rule.id, "severity": rule.severity.name(), "documentation": rule.documentation() })
}

#[expect(clippy::print_stderr, reason = "errors of a command go to stderr")]
fn fail(message: &str) -> ExitCode {
    eprintln!("keyless-bindgen: {message}");
    ExitCode::FAILURE
}
