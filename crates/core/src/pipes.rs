//! Pipes: how a step refers to them, what the published ones take, and keyless's own.

pub mod catalogue;
pub mod keyless;
mod reference;

pub use reference::{Reference, Version};
