//! Fuzz targets for cargo-fuzz. What each one checks is in [`targets`], which the tests of the workspace run too, over a fixed corpus.

pub mod targets;
