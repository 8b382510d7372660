#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keyless_fuzz::targets::token(bytes));
