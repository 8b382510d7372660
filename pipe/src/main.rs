//! The deploy pipe.
fn main() {}
