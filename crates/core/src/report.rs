//! Findings written for machines. The text report is in the command, which has the terminal.

pub mod json;
