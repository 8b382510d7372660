//! Published pipes: what they are told, how they log in, and what became of them.

pub mod keyless;
