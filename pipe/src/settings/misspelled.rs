//! Names that are nearly one of the pipe's variables.

use keyless_aws::Environment;
use keyless_core::pipes::keyless;
use keyless_session::log;

use crate::preflight::PreflightError;

/// Names that were probably meant to be one of the pipe's variables, except those in `own`, which belong to the app. Only
/// inside a pipe, which receives only the variables that are given to it: a step has all of the repository's.
///
/// When the variable itself is set, nothing is missing, so that a similar name is worth a warning only.
pub(super) fn names(environment: &Environment, own: &[String]) -> Vec<PreflightError> {
    let mut errors = Vec::new();
    if !environment.names().any(|name| name == "BITBUCKET_PIPE_STORAGE_DIR") {
        return errors;
    }
    for name in environment.names().filter(|name| !own.iter().any(|own| own == name)) {
        let Some(meant) = keyless::misspelled(name) else { continue };
        let is_set =
            |name: &str| environment.get_os(name).is_some() || environment.get_os(&format!("{name}_COUNT")).is_some();
        if is_set(meant) {
            log::warning(format_args!(
                "{name} is similar to {meant} and is passed to the app; add it to APP_VARIABLES if it belongs there"
            ));
        } else {
            errors.push(PreflightError::Misspelled(name.to_owned(), meant));
        }
    }
    errors
}
