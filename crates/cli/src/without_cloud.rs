//! The arguments of commands that this build does not have; see `Failure::WithoutCloud`.

use std::ffi::OsString;

/// Anything.
#[derive(Debug, clap::Args)]
pub(crate) struct WithoutCloud {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}
