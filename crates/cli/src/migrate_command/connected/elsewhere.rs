//! Other repositories of the workspace that may use the keys which are retired.

use keyless_bitbucket::{BitbucketError, RepositorySlugs, Variable, VariableLevel};

use super::{context::Context, remote::reason, stage::Look};

/// How many repositories are looked at: each takes at least two of the thousand calls that Bitbucket allows in an hour
/// (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>).
const MOST: usize = 200;

/// Looks for variables of these names in the other repositories that the token may read. A secured value cannot be compared, so
/// that such a variable is only noted; one that shows the id of a key keeps it.
pub(super) fn look(context: &mut Context<'_, '_>, names: &[&str], ids: &[&str], look: &mut Look) {
    let own = context.remote.slugs.clone();
    let listed = context.remote.wait(context.streams, context.remote.bitbucket.repositories(&own.workspace));
    let slugs = match listed {
        Ok(slugs) => slugs,
        Err(error) => {
            look.note(format!("the other repositories of {} were not searched: {}", own.workspace, reason(&error)));
            return;
        }
    };
    let others = slugs.iter().filter(|slug| **slug != own.repository);
    let others: Vec<RepositorySlugs> = others.filter_map(|slug| RepositorySlugs::new(&own.workspace, slug)).collect();
    let mut unread = Vec::new();
    for slugs in others.iter().take(MOST) {
        match variables(context, slugs) {
            Ok(found) => {
                for (level, variable) in found.iter().filter(|(_, variable)| names.contains(&variable.key.as_str())) {
                    judge(slugs, level, variable, ids, look);
                }
            }
            Err(_) => unread.push(slugs.to_string()),
        }
    }
    if let Some(first) = unread.first() {
        let more = if unread.len() > 1 { format!(" and {} more", unread.len() - 1) } else { String::new() };
        look.note(format!("the variables of {first}{more} could not be read"));
    }
    if others.len() > MOST {
        look.note(format!("{} of {} other repositories were searched, those changed last", MOST, others.len()));
    }
}

fn judge(slugs: &RepositorySlugs, level: &str, variable: &Variable, ids: &[&str], look: &mut Look) {
    let name = &variable.key;
    match variable.value.as_deref() {
        None => look.note(format!("{slugs} has `{name}` in {level} too, whose secured value may be the same key")),
        Some(value) => {
            if let Some(id) = ids.iter().find(|id| **id == value) {
                look.obstacle(
                    format!("{slugs} uses access key `{id}` too, in `{name}` of {level}"),
                    "migrate that repository first: `keyless migrate` in its clone",
                );
            }
        }
    }
}

/// The variables of a repository with their levels.
fn variables(
    context: &mut Context<'_, '_>,
    slugs: &RepositorySlugs,
) -> Result<Vec<(String, Variable)>, BitbucketError> {
    let api = &context.remote.bitbucket;
    let mut found = Vec::new();
    let own = context.remote.wait(context.streams, api.variables(slugs, VariableLevel::Repository))?;
    found.extend(own.into_iter().map(|variable| ("the repository variables".to_owned(), variable)));
    for environment in context.remote.wait(context.streams, api.environments(slugs))? {
        let of_environment = api.variables(slugs, VariableLevel::Environment(&environment.uuid));
        let variables = context.remote.wait(context.streams, of_environment)?;
        let level = format!("deployment environment {}", environment.deployment());
        found.extend(variables.into_iter().map(|variable| (level.clone(), variable)));
    }
    Ok(found)
}
