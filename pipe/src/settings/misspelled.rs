//! Names that are nearly one of the pipe's variables.

use keyless_aws::Environment;
use keyless_core::pipes::keyless;

use crate::preflight::PreflightError;

/// Names that were probably meant to be one of the pipe's variables. Only inside a pipe, which receives only the variables
/// that are given to it: a step has all of the repository's.
pub(super) fn names(environment: &Environment) -> impl Iterator<Item = PreflightError> {
    let in_a_pipe = environment.names().any(|name| name == "BITBUCKET_PIPE_STORAGE_DIR");
    environment
        .names()
        .filter(move |_| in_a_pipe)
        .filter_map(|name| Some(PreflightError::Misspelled(name.to_owned(), keyless::misspelled(name)?)))
}
