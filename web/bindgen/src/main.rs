//! Writes the JavaScript side of the wasm module.
fn main() {}
