//! Package managers logged in to CodeArtifact, without a secret on the disk wherever they allow it: most take the token from
//! a variable, others from a file that names the variable. What is put into the home folder is taken out again at the end.

mod home;
mod tools;

use std::{collections::BTreeMap, ffi::OsString, fmt, io, path::Path};

use home::Placed;
use keyless_aws::{CodeArtifact, InventoryError, Network, Repository, Session};
use tools::TOKEN;
pub use tools::{Registry, TOOLS, Tool};

use crate::{
    endpoints::endpoint,
    run::Variables,
    settings::{PackageSettings, SessionSettings},
};

/// Package managers that are logged in, until it is dropped.
#[derive(Default)]
pub struct Login {
    variables: Vec<(&'static str, String)>,
    placed: Vec<Placed>,
}

/// Why package managers could not be logged in.
#[derive(Debug)]
pub enum LoginError {
    /// CodeArtifact gave no token or no address.
    Service(InventoryError),
    /// There is no home folder to write to.
    NoHome,
    /// A file in the home folder.
    File(&'static str, io::Error),
}

impl Login {
    /// Asks CodeArtifact for a token and logs the tools of the settings in.
    ///
    /// # Errors
    /// [`LoginError`]; what was placed before is taken out again.
    pub async fn start(
        packages: &PackageSettings,
        settings: &SessionSettings,
        session: &Session,
        environment: &Variables,
        network: &Network,
    ) -> Result<Self, LoginError> {
        let repository = Repository {
            domain: packages.domain.clone(),
            owner: packages.owner.as_ref().unwrap_or_else(|| settings.last_role().account()).clone(),
            name: packages.repository.clone(),
        };
        let region = packages.region.as_ref().unwrap_or(&settings.region);
        let service = CodeArtifact::new(region, endpoint(environment, "CODEARTIFACT"), network);
        let token = service.token(session, &repository).await.map_err(LoginError::Service)?;
        let mut urls = BTreeMap::new();
        for tool in &packages.tools {
            if !urls.contains_key(tool.format) {
                let url = service.endpoint(session, &repository, tool.format).await.map_err(LoginError::Service)?;
                urls.insert(tool.format, url);
            }
        }
        let scope = packages.scope.as_deref();
        let registry = |tool: &Tool| urls.get(tool.format).map(|url| Registry { url, token: &token, scope });
        let tools: Vec<_> = packages.tools.iter().filter_map(|tool| Some((*tool, registry(tool)?))).collect();
        let home = environment.get(&OsString::from("HOME")).filter(|home| !home.is_empty());
        Self::new(&tools, home.map(Path::new))
    }

    /// Logs tools in, each to its registry. Files are placed below `home`.
    ///
    /// # Errors
    /// [`LoginError`]; what was placed before is taken out again.
    pub fn new(tools: &[(&Tool, Registry<'_>)], home: Option<&Path>) -> Result<Self, LoginError> {
        let mut login = Self::default();
        login.variables.extend(tools.first().map(|(_, registry)| (TOKEN, registry.password())));
        for (tool, registry) in tools {
            login.variables.extend((tool.variables)(registry));
            for file in tool.files {
                let text = (file.text)(registry);
                let path = home.ok_or(LoginError::NoHome)?.join(file.path);
                let placed =
                    Placed::new(path, file.added, &text).map_err(|error| LoginError::File(file.path, error))?;
                login.placed.extend(placed);
            }
        }
        Ok(login)
    }

    /// The variables for a process that uses the tools. Some are secrets.
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
        // The last first, so that a file to which several added ends as it was.
        while self.placed.pop().is_some() {}
    }
}

impl LoginError {
    /// What to change, where that is known.
    pub fn remedy(&self) -> Option<&'static str> {
        let Self::Service(InventoryError::Refused(said)) = self else { return None };
        match said.code.as_str() {
            "AccessDeniedException" | "AccessDenied" => Some(
                "allow the role codeartifact:GetAuthorizationToken, codeartifact:GetRepositoryEndpoint, \
                 codeartifact:ReadFromRepository and sts:GetServiceBearerToken, as the managed policy \
                 AWSCodeArtifactReadOnlyAccess does",
            ),
            "ResourceNotFoundException" => Some(
                "compare CODEARTIFACT_DOMAIN, CODEARTIFACT_REPOSITORY, CODEARTIFACT_DOMAIN_OWNER (the domain's account) and \
                 CODEARTIFACT_REGION with what `aws codeartifact list-repositories` shows",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error @ InventoryError::Refused(_)) => write!(f, "CodeArtifact refused the login: {error}"),
            Self::Service(error) => write!(f, "no login to CodeArtifact: {error}"),
            Self::NoHome => f.write_str("HOME is not set, and a package manager reads its login from a file there"),
            Self::File(path, error) => write!(f, "~/{path} could not be written: {error}"),
        }
    }
}

impl std::error::Error for LoginError {}

#[cfg(test)]
mod tests {
    use std::fs;

    use keyless_aws::PackageToken;

    use super::*;

    #[test]
    fn a_login_that_fails_leaves_no_file() {
        let token = PackageToken::new("TOKEN".to_owned());
        let registry = Registry { url: "https://host/npm/shop/", token: &token, scope: None };
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".swiftpm"), "no folder").unwrap();
        let tools: Vec<_> = TOOLS.iter().filter(|tool| ["npm", "swift"].contains(&tool.name)).collect();
        let tools: Vec<_> = tools.into_iter().map(|tool| (tool, registry)).collect();
        let error = Login::new(&tools, Some(home.path())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "~/.swiftpm/configuration/registries.json could not be written: Not a directory (os error 20)"
        );
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, [".swiftpm"]);
        assert!(matches!(Login::new(&tools, None), Err(LoginError::NoHome)));
    }
}
