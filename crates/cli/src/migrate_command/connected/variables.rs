//! The stage that creates the variables in Bitbucket which the edited pipeline reads its roles from.

use keyless_core::{
    aws::RoleArn,
    migrate::{NeededVariable, Place, Purpose},
};

use super::{
    context::{Context, TargetRole},
    remote::Remote,
    stage::{Look, Make},
};
use crate::failure::Failure;

/// Compares the variables in Bitbucket with what the edited file needs.
pub(super) fn look(context: &mut Context<'_, '_>) -> Result<Look, Failure> {
    let roles = context.roles()?;
    let mut look = Look::default();
    for variable in context.pipeline.connection.needed.clone() {
        match &variable.purpose {
            Purpose::Role { environment } => match role_of(&roles, environment.as_deref()) {
                Some(role) if is_only_role(context, &variable, environment.as_deref()) => {
                    let arn = role.arn.to_string();
                    compare(context, &variable, &arn, &mut look);
                }
                _ => foreign(context, &variable, &mut look),
            },
            Purpose::Region => match context.environment.get("AWS_REGION").map(str::to_owned) {
                Some(region) if variable.defined_at.is_none() => compare(context, &variable, &region, &mut look),
                None if variable.defined_at.is_none() => look.obstacle(
                    format!("`{}` is needed, and the region is unknown", variable.name),
                    "set AWS_REGION to the region of the deployment and run this again",
                ),
                _ => foreign(context, &variable, &mut look),
            },
            Purpose::Other => foreign(context, &variable, &mut look),
        }
    }
    if let Some(reason) = &context.found.unread {
        look.notes.push(format!("the workspace's variables were not read: {reason}"));
    }
    Ok(look)
}

fn role_of<'r>(roles: &'r [TargetRole], environment: Option<&str>) -> Option<&'r TargetRole> {
    roles.iter().find(|role| role.environment.as_deref() == environment)
}

/// Whether the steps of an environment take their role from one variable only. With several, each stands for the user of
/// another key.
fn is_only_role(context: &Context<'_, '_>, variable: &NeededVariable, environment: Option<&str>) -> bool {
    let of_same = |other: &&NeededVariable| matches!(&other.purpose, Purpose::Role { environment: own } if own.as_deref() == environment);
    context.pipeline.connection.needed.iter().filter(of_same).all(|other| other.name == variable.name)
}

/// A variable with a value that is unknown here: it only has to exist.
fn foreign(context: &Context<'_, '_>, variable: &NeededVariable, look: &mut Look) {
    let NeededVariable { name, place, .. } = variable;
    if let Some(at) = &variable.defined_at {
        return look.present(id(place, name), format!("`{name}` is set in the {at}"), Vec::new());
    }
    let slugs = &context.remote.slugs;
    let help = format!("create it in the settings of {slugs}; for a role, its value is the role's ARN");
    look.obstacle(format!("`{name}` is not set in the {place}, and its value is unknown here"), help);
}

fn id(place: &Place, name: &str) -> String {
    match place {
        Place::Environment(environment) => format!("variable {environment} {name}"),
        Place::Repository | Place::Workspace => format!("variable {name}"),
    }
}

/// Compares a variable with the value that it should have.
fn compare(context: &Context<'_, '_>, variable: &NeededVariable, value: &str, look: &mut Look) {
    let NeededVariable { name, place, .. } = variable;
    let id = id(place, name);
    let Some(level) = context.found.level(place) else {
        let help = "create it under Repository settings > Deployments, or fix the name in the pipeline";
        return look.obstacle(format!("the pipeline deploys to the {place}, which does not exist"), help);
    };
    let own = context.found.variable(place, name);
    let winner = variable.defined_at.as_ref().and_then(|at| Some((at, context.found.variable(at, name)?)));
    let Some((at, winner)) = winner else {
        let what = format!("create variable `{name}` in the {place}: {value}");
        return look.change(id, what, creation(place, name, value));
    };
    if winner.value.as_deref() == Some(value) && !winner.secured {
        let rollback = vec![context.remote.bitbucket.deletion_of_variable(&context.remote.slugs, level, &winner.uuid)];
        let rollback = if at == place { rollback } else { Vec::new() };
        return look.present(id, format!("`{name}` in the {at} is {value}"), rollback);
    }
    let found = describe(winner.secured, winner.value.as_deref());
    if !context.options.replace {
        let keep = match &variable.purpose {
            Purpose::Role { environment: Some(name) } => format!("use `--role {name}=ARN` to keep its role, or "),
            Purpose::Role { environment: None } => "use `--role ARN` to keep its role, or ".to_owned(),
            Purpose::Region | Purpose::Other => String::new(),
        };
        let what = format!("`{name}` in the {at} {found}, not {value}");
        return look.obstacle(what, format!("{keep}use `--replace` to set it in the {place}"));
    }
    match own {
        Some(own) if own.secured => {
            let what = format!("replace secured variable `{name}` in the {place}, whose value is lost: {value}");
            look.change(id, what, replacement(place, name, value, true));
        }
        Some(_) => {
            let what = format!("change variable `{name}` in the {place}, which {found}: {value}");
            look.change(id, what, replacement(place, name, value, false));
            if let (Some(change), Ok(before)) =
                (look.changes.last_mut(), RoleArn::parse(winner.value.as_deref().unwrap_or_default()))
            {
                let restored =
                    context.remote.bitbucket.change_of_variable(&context.remote.slugs, level, winner, before.as_str());
                change.rollback = vec![restored];
            }
        }
        None => look.change(
            id,
            format!("create variable `{name}` in the {place}, above that of the {at}: {value}"),
            creation(place, name, value),
        ),
    }
}

/// What a variable holds. Only the ARN of a role is shown: anything else may be secret.
fn describe(secured: bool, value: Option<&str>) -> String {
    match value.map(RoleArn::parse) {
        _ if secured => "is secured and cannot be read".to_owned(),
        Some(Ok(arn)) => format!("is {arn}"),
        _ => "has another value".to_owned(),
    }
}

fn creation(place: &Place, name: &str, value: &str) -> Make {
    let (place, name, value) = (place.clone(), name.to_owned(), value.to_owned());
    Box::new(move |context| {
        let Context { remote, found, streams, .. } = context;
        let Some(level) = found.level(&place) else { return Ok(()) };
        let created = remote.wait(streams, remote.bitbucket.create_variable(&remote.slugs, level, &name, &value));
        created.map_err(|error| Remote::unchanged(format!("create variable `{name}` in the {place}"), &error))
    })
}

/// Changes a variable. A secured one is created anew: it is not documented that one can become readable.
fn replacement(place: &Place, name: &str, value: &str, secured: bool) -> Make {
    let (place, name, value) = (place.clone(), name.to_owned(), value.to_owned());
    Box::new(move |context| {
        let Context { remote, found, streams, .. } = context;
        let (Some(level), Some(own)) = (found.level(&place), found.variable(&place, &name)) else { return Ok(()) };
        let api = &remote.bitbucket;
        let failed = |what: &str, error| Remote::unchanged(format!("{what} variable `{name}` in the {place}"), &error);
        if !secured {
            let changed = remote.wait(streams, api.update_variable(&remote.slugs, level, own, &value));
            return changed.map_err(|error| failed("change", error));
        }
        let deleted = remote.wait(streams, api.delete_variable(&remote.slugs, level, &own.uuid));
        deleted.map_err(|error| failed("delete", error))?;
        let created = remote.wait(streams, api.create_variable(&remote.slugs, level, &name, &value));
        created.map_err(|error| failed("create", error))
    })
}
