//! Findings written for machines. The text report lives in the command, beside the terminal it is for.

pub mod json;
