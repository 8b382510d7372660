//! The names of the settings, and names that are nearly one of them.

use std::{collections::BTreeMap, ffi::OsString};

use keyless_core::spelling::nearest;

use crate::{
    mistake::Mistake,
    variables::{VARIABLES, Variable},
};

/// Whether a name is one of ours, so that it is for the pipe and not for its child.
pub fn is_setting(name: &str) -> bool {
    let listed = |variable: &&Variable| {
        let rest = name.strip_prefix(variable.name).and_then(|rest| rest.strip_prefix('_'));
        rest.is_some_and(|rest| rest == "COUNT" || (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())))
    };
    VARIABLES.iter().any(|variable| variable.name == name || variable.alias == Some(name))
        || VARIABLES.iter().any(listed)
}

/// Names that are nearly one of ours. Only inside a pipe, whose variables are those that were given to it: a plain step has
/// the whole repository's.
pub(super) fn misspelt(environment: &BTreeMap<OsString, OsString>) -> impl Iterator<Item = Mistake> {
    let in_a_pipe = environment.contains_key(&OsString::from("BITBUCKET_PIPE_STORAGE_DIR"));
    let names = environment.keys().filter(move |_| in_a_pipe).filter_map(|name| name.to_str());
    let foreign = |name: &&str| name.len() > 3 && !name.starts_with("BITBUCKET_") && !is_setting(name);
    names.filter(foreign).filter_map(|name| {
        let ours = VARIABLES.iter().map(|variable| variable.name).filter(|ours| ours.len() > 4);
        let nearest = nearest(name, ours)?;
        // Known to the tools that run, and near to one of ours by chance.
        (!matches!(name, "AWS_PROFILE" | "CDK_HOME")).then(|| Mistake::Misspelt(name.to_owned(), nearest))
    })
}
