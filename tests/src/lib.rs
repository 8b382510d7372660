//! Parts that the tests across crates share.
