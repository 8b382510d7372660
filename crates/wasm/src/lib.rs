//! keyless in the browser: text in, JSON out.
