//! Names that are nearly one of the pipe's variables.

use keyless_aws::Environment;
use keyless_core::{
    pipes::keyless::{VARIABLES, is_pipe_variable},
    spelling::nearest,
};

use crate::preflight::PreflightError;

/// Names that were probably meant to be one of the pipe's variables. Only inside a pipe, which receives only the variables
/// that are given to it: a step has all of the repository's.
pub(super) fn names(environment: &Environment) -> impl Iterator<Item = PreflightError> {
    let in_a_pipe = environment.names().any(|name| name == "BITBUCKET_PIPE_STORAGE_DIR");
    let foreign = |name: &&str| name.len() > 3 && !name.starts_with("BITBUCKET_") && !is_pipe_variable(name);
    environment.names().filter(move |_| in_a_pipe).filter(foreign).filter_map(|name| {
        let candidates = VARIABLES.iter().map(|variable| variable.name).filter(|candidate| candidate.len() > 4);
        let nearest = nearest(name, candidates)?;
        // Variables of the tools that run, which are similar to one of the pipe's by chance.
        let is_known = matches!(name, "AWS_PROFILE" | "CDK_HOME");
        (!is_known).then(|| PreflightError::Misspelled(name.to_owned(), nearest))
    })
}
