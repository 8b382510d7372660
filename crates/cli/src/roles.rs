//! The roles that steps assume: the trust policies that the command line and `keyless.yaml` name.

use std::{fs, path::Path, path::PathBuf};

use keyless_core::{
    analysis::access::{RoleFile, Roles},
    iam::role::{self, RoleError, RoleSelector},
    settings::Settings,
};

use crate::failure::Failure;

/// Reads what `settings` name; `given`, a file and perhaps a role in it, takes the place of what they say of all steps.
pub(crate) fn of(settings: &Settings, given: Option<(&Path, Option<&str>)>) -> Result<Roles, Failure> {
    let declared = settings.role.trust_policy.as_deref().map(|path| (path, settings.role.name.as_deref()));
    let general = given.or(declared).map(|(path, role)| read(path, role)).transpose()?;
    let mut roles = Roles { general, ..Roles::default() };
    for (name, environment) in &settings.environments {
        if let Some(path) = &environment.trust_policy {
            roles.environments.insert(name.clone(), read(path, environment.role.as_deref())?);
        }
    }
    Ok(roles)
}

fn read(path: &Path, role: Option<&str>) -> Result<RoleFile, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::Unreadable { path: path.to_owned(), error })?;
    let unusable = |error: RoleError| Failure::UnusablePolicy { path: PathBuf::from(path), reason: error.to_string() };
    let roles = role::read(&text, role.map(RoleSelector::parse).as_ref()).map_err(unusable)?;
    Ok(RoleFile { name: path.display().to_string(), roles })
}
