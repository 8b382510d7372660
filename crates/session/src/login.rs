//! Logs package managers in to CodeArtifact, without a secret on disk wherever they allow it: most read the token from a
//! variable, others from a file that names the variable. Files in the home folder are restored at the end.

mod home;

use std::{collections::BTreeMap, fmt, io, path::Path};

use home::TemporaryFile;
use keyless_aws::{CodeArtifact, Environment, InventoryError, Network, Repository, Session};

use crate::{
    log,
    package_managers::{PackageManager, Registry, TOKEN},
    settings::{PackageSettings, SessionSettings},
};

/// Package managers that are logged in until this is dropped.
#[derive(Default)]
pub struct Login {
    variables: Vec<(&'static str, String)>,
    files: Vec<TemporaryFile>,
}

/// Why package managers could not be logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// CodeArtifact refused a call, or did not answer.
    #[error("{}: {}", if is_refused(.0) { "CodeArtifact refused the login" } else { "cannot log in to CodeArtifact" }, .0)]
    Service(#[from] InventoryError),
    /// There is no home folder to write to.
    #[error("HOME is not set, and a package manager reads its login from a file there")]
    NoHome,
    /// A file in the home folder.
    #[error("cannot write ~/{0}: {1}")]
    File(&'static str, #[source] io::Error),
}

fn is_refused(error: &InventoryError) -> bool {
    matches!(error, InventoryError::Refused(_))
}

impl Login {
    /// Logs package managers in, if the settings name any.
    ///
    /// # Errors
    /// [`LoginError`]; files that were written are restored.
    pub async fn of(
        settings: &SessionSettings,
        session: &Session,
        environment: &Environment,
        network: &Network,
    ) -> Result<Option<Self>, LoginError> {
        let Some(packages) = &settings.packages else { return Ok(None) };
        let login = Self::start(packages, settings, session, environment, network).await?;
        let names: Vec<&str> = packages.tools.iter().map(|tool| tool.name).collect();
        log::success(format_args!(
            "{} logged in to CodeArtifact {}/{} until the session ends",
            names.join(", "),
            packages.domain,
            packages.repository
        ));
        Ok(Some(login))
    }

    /// Requests a token from CodeArtifact and logs in with it.
    async fn start(
        packages: &PackageSettings,
        settings: &SessionSettings,
        session: &Session,
        environment: &Environment,
        network: &Network,
    ) -> Result<Self, LoginError> {
        let repository = Repository {
            domain: packages.domain.clone(),
            owner: packages.owner.as_ref().unwrap_or_else(|| settings.last_role().account()).clone(),
            name: packages.repository.clone(),
        };
        let region = packages.region.as_ref().unwrap_or(&settings.region);
        let service = CodeArtifact::new(region, environment.endpoint_url("CODEARTIFACT"), network);
        let token = service.token(session, &repository).await?;
        let mut urls = BTreeMap::new();
        for tool in &packages.tools {
            if !urls.contains_key(tool.format) {
                urls.insert(tool.format, service.endpoint(session, &repository, tool.format).await?);
            }
        }
        let scope = packages.scope.as_deref();
        let registry = |tool: &PackageManager| urls.get(tool.format).map(|url| Registry { url, token: &token, scope });
        let tools: Vec<_> = packages.tools.iter().filter_map(|tool| Some((*tool, registry(tool)?))).collect();
        Self::new(&tools, environment.get_os("HOME").map(Path::new))
    }

    /// Logs package managers in, each to its registry. Files are written below `home`.
    fn new(tools: &[(&PackageManager, Registry<'_>)], home: Option<&Path>) -> Result<Self, LoginError> {
        let mut login = Self::default();
        login.variables.extend(tools.first().map(|(_, registry)| (TOKEN, registry.password())));
        for (tool, registry) in tools {
            login.variables.extend((tool.variables)(registry));
            for file in tool.files {
                let text = (file.text)(registry);
                let path = home.ok_or(LoginError::NoHome)?.join(file.path);
                let written = TemporaryFile::write(path, file.added, &text)
                    .map_err(|error| LoginError::File(file.path, error))?;
                login.files.extend(written);
            }
        }
        Ok(login)
    }

    /// The variables for a process that uses the package managers. Some are secrets.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// Names alone: values may be secrets.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.iter().map(|(name, _)| name)).finish()
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        // In reverse, so that a file to which several were appended ends as it was.
        while self.files.pop().is_some() {}
    }
}

impl LoginError {
    /// What to change, where that is known.
    pub fn help(&self) -> Option<&'static str> {
        let Self::Service(InventoryError::Refused(said)) = self else { return None };
        match said.code.as_str() {
            "AccessDeniedException" | "AccessDenied" => Some(
                "grant codeartifact:GetAuthorizationToken, codeartifact:GetRepositoryEndpoint, \
                 codeartifact:ReadFromRepository and sts:GetServiceBearerToken to the role, as the managed policy \
                 AWSCodeArtifactReadOnlyAccess does",
            ),
            "ResourceNotFoundException" => Some(
                "compare CODEARTIFACT_DOMAIN, CODEARTIFACT_REPOSITORY, CODEARTIFACT_DOMAIN_OWNER (the domain's account) and \
                 CODEARTIFACT_REGION with the output of `aws codeartifact list-repositories`",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use keyless_aws::PackageToken;

    use super::*;
    use crate::package_managers::PACKAGE_MANAGERS;

    #[test]
    fn a_login_that_fails_leaves_no_file() {
        let token = PackageToken::new("TOKEN".to_owned());
        let registry = Registry { url: "https://host/npm/shop/", token: &token, scope: None };
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".swiftpm"), "no folder").unwrap();
        let tools: Vec<_> = PACKAGE_MANAGERS.iter().filter(|tool| ["npm", "swift"].contains(&tool.name)).collect();
        let tools: Vec<_> = tools.into_iter().map(|tool| (tool, registry)).collect();
        let error = Login::new(&tools, Some(home.path())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write ~/.swiftpm/configuration/registries.json: Not a directory (os error 20)"
        );
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, [".swiftpm"]);
        assert!(matches!(Login::new(&tools, None), Err(LoginError::NoHome)));
    }
}
