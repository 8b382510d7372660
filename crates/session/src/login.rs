//! Logs package managers in to CodeArtifact, without a secret on disk wherever they allow it: most read the token from a
//! variable, others from a file that names the variable. Files in the home folder are restored at the end.
//!
//! ```text
//! token ─► variables and files ─► question to each tool ─► verdict ─► log, or an error
//! ```

mod home;
mod question;
mod report;
mod verdict;

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use home::{TemporaryFile, Written};
use keyless_aws::{CodeArtifact, Environment, InventoryError, Network, Repository, Session};
use question::Place;
use rustix::process::Signal;
use verdict::{Judge, Verdict};

use crate::{
    child::{ChildEnvironment, Signals},
    package_managers::{HomeFile, PackageManager, Registry, TOKEN},
    settings::{PackageSettings, SessionSettings},
    workspace,
};

/// Variables with lists of indexes.
const LISTS: [&str; 2] = ["PIP_EXTRA_INDEX_URL", "UV_INDEX"];

/// Package managers that are logged in until this is dropped.
#[derive(Default)]
pub struct Login {
    variables: Vec<(&'static str, String)>,
    files: Vec<TemporaryFile>,
    /// Files that were left as they are although they do not name the repository, each with its tool.
    kept: Vec<(&'static str, HomeFile)>,
}

/// Where package managers run. They are asked there whether they are logged in.
#[derive(Debug)]
pub struct ProjectFolder<'a> {
    /// The app's folder.
    pub path: &'a Path,
    /// Their variables.
    pub variables: ChildEnvironment,
    /// The command that installs packages, and the folder that it starts in: above the app's in a workspace.
    pub installation: Option<(&'a [String], &'a Path)>,
}

impl ProjectFolder<'_> {
    /// Where a package manager is asked: where it installs. npm reads the configuration at the root of a workspace, and cannot
    /// be asked anywhere else in one.
    fn of_tool(&self, tool: &PackageManager) -> PathBuf {
        let folder = self.of_installation(tool);
        match workspace::root(&folder).filter(|_| tool.name == "npm") {
            Some(root) => root.to_owned(),
            None => folder,
        }
    }

    fn of_installation(&self, tool: &PackageManager) -> PathBuf {
        let Some((command, folder)) = self.installation else { return self.path.to_owned() };
        // The script of a shell is one word.
        let words = command.iter().flat_map(|word| word.split_whitespace());
        let words: Vec<&str> = words.map(|word| word.trim_matches(['"', '\'', ';'])).collect();
        let is_of_tool = |word: &&str| {
            let name = word.rsplit('/').next().unwrap_or_default();
            name.split('@').next() == Some(tool.name) || (name == "npx" && tool.name == "npm")
        };
        if !words.iter().any(is_of_tool) {
            return self.path.to_owned();
        }
        let changed = changed_folder(&words).map(|option| folder.join(option)).filter(|folder| folder.is_dir());
        changed.unwrap_or_else(|| folder.to_owned())
    }
}

/// What changes to a folder first: an option of a package manager, or the shell's own command.
const FOLDER_CHANGES: [&str; 7] = ["-C", "--cwd", "--dir", "--directory", "--prefix", "--project", "cd"];

/// The folder that a command changes to first, in one word or two.
fn changed_folder<'w>(words: &[&'w str]) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
        Some((name, value)) => FOLDER_CHANGES.contains(&name).then_some(value),
        None => words.get(at + 1).filter(|_| FOLDER_CHANGES.contains(word)).copied(),
    })
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
    /// Package managers that take their packages from another registry.
    #[error("{}", .0.iter().map(|(said, _)| said.as_str()).collect::<Vec<_>>().join("; "))]
    Elsewhere(Vec<(String, String)>),
    /// A signal came first.
    #[error("stopped during the login of package managers")]
    Stopped(Signal),
}

fn is_refused(error: &InventoryError) -> bool {
    matches!(error, InventoryError::Refused(_))
}

impl Login {
    /// Logs package managers in, if the settings name any, unless a signal comes first.
    ///
    /// # Errors
    /// [`LoginError`]; files that were written are restored.
    pub async fn of(
        settings: &SessionSettings,
        session: &Session,
        environment: &Environment,
        network: &Network,
        folder: ProjectFolder<'_>,
        signals: &mut Signals,
    ) -> Result<Option<Self>, LoginError> {
        let Some(packages) = &settings.packages else { return Ok(None) };
        tokio::select! {
            login = Self::start(packages, settings, session, environment, network, folder) => Ok(Some(login?)),
            signal = signals.next() => Err(LoginError::Stopped(signal)),
        }
    }

    /// Requests a token from CodeArtifact, logs in with it, and asks the package managers whether they are.
    async fn start(
        packages: &PackageSettings,
        settings: &SessionSettings,
        session: &Session,
        environment: &Environment,
        network: &Network,
        folder: ProjectFolder<'_>,
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
        let (scope, keep_pypi) = (packages.scope.as_deref(), packages.keep_pypi);
        let registry =
            |tool: &PackageManager| urls.get(tool.format).map(|url| Registry { url, token: &token, scope, keep_pypi });
        let tools: Vec<_> = packages.tools.iter().filter_map(|tool| Some((*tool, registry(tool)?))).collect();
        let home = environment.get_os("HOME").map(Path::new);
        let login = Self::new(&tools, home)?;
        login.verify(tools, environment, folder, home, &format!("{}/{}", packages.domain, packages.repository)).await?;
        Ok(login)
    }

    /// Logs package managers in, each to its registry. Files are written below `home`.
    fn new(tools: &[(&PackageManager, Registry<'_>)], home: Option<&Path>) -> Result<Self, LoginError> {
        let mut login = Self::default();
        login.variables.extend(tools.first().map(|(_, registry)| (TOKEN, registry.password())));
        let mut appended: Vec<(&str, String)> = Vec::new();
        for (tool, registry) in tools {
            login.variables.extend((tool.variables)(registry));
            for file in (tool.files)(registry) {
                // Several tools read the same file.
                let entry = (file.path, file.text.clone());
                if appended.contains(&entry) {
                    continue;
                }
                appended.push(entry);
                let path = home.ok_or(LoginError::NoHome)?.join(file.path);
                let written = TemporaryFile::write(path, file.existing, &file.text);
                match written.map_err(|error| LoginError::File(file.path, error))? {
                    Written::Placed(placed) => login.files.push(placed),
                    Written::Kept(content) if content.contains(registry.url.trim_end_matches('/')) => {}
                    Written::Kept(_) => login.kept.push((tool.name, file)),
                }
            }
        }
        Ok(login)
    }

    /// Asks the package managers where they take packages from, and logs which of them are logged in.
    async fn verify(
        &self,
        tools: Vec<(&PackageManager, Registry<'_>)>,
        environment: &Environment,
        folder: ProjectFolder<'_>,
        home: Option<&Path>,
        repository: &str,
    ) -> Result<(), LoginError> {
        let mut variables = folder.variables.clone();
        self.give(&mut variables);
        let token = tools.first().map(|(_, registry)| registry.password()).unwrap_or_default();
        let asked = tools.into_iter().map(|(tool, registry)| {
            let (variables, token) = (variables.clone(), token.clone());
            (tool, registry, Place { folder: folder.of_tool(tool), home, variables, token })
        });
        let asked: Vec<_> = asked.collect();
        let said = question::ask(&asked).await;
        let judged = asked.into_iter().zip(said).map(|((tool, registry, place), said)| {
            let kept = self.kept.iter().find(|(name, _)| *name == tool.name);
            let kept = kept.map(|(_, file)| (file.path, file.needed.clone()));
            let (place, app) = (&place, folder.path);
            let verdict = Judge { tool, registry: &registry, place, app, environment, kept }.verdict(said);
            (tool, registry, verdict)
        });
        let judged: Vec<_> = judged.collect();
        report::report(&judged, repository);
        let elsewhere = judged.into_iter().filter_map(|(tool, registry, verdict)| {
            let Verdict::Elsewhere(found, help) = verdict else { return None };
            let packages = registry.scope.map(|scope| format!("packages of {scope}"));
            let packages = packages.as_deref().unwrap_or("packages");
            let found = found.shown();
            Some((format!("{} takes {packages} from {found} instead of CodeArtifact {repository}", tool.name), help))
        });
        let elsewhere: Vec<_> = elsewhere.collect();
        if elsewhere.is_empty() { Ok(()) } else { Err(LoginError::Elsewhere(elsewhere)) }
    }

    /// Gives a process the variables with which package managers are logged in. Some are secrets.
    pub fn give(&self, variables: &mut ChildEnvironment) {
        for (name, value) in &self.variables {
            // The step's own further indexes are kept.
            if LISTS.contains(name) {
                variables.prepend(name, value);
            } else {
                variables.replace(name, value);
            }
        }
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
    pub fn help(&self) -> Vec<&str> {
        let said = match self {
            Self::Service(InventoryError::Refused(said)) => said,
            Self::Elsewhere(tools) => return tools.iter().map(|(_, help)| help.as_str()).collect(),
            _ => return Vec::new(),
        };
        match said.code.as_str() {
            "AccessDeniedException" | "AccessDenied" => vec![
                "grant codeartifact:GetAuthorizationToken, codeartifact:GetRepositoryEndpoint, \
                 codeartifact:ReadFromRepository and sts:GetServiceBearerToken to the role, as the managed policy \
                 AWSCodeArtifactReadOnlyAccess does",
            ],
            "ResourceNotFoundException" => vec![
                "compare CODEARTIFACT_DOMAIN, CODEARTIFACT_REPOSITORY, CODEARTIFACT_DOMAIN_OWNER (the domain's account) and \
                 CODEARTIFACT_REGION with the output of `aws codeartifact list-repositories`",
            ],
            _ => Vec::new(),
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
    fn tools_are_asked_where_they_install() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["infra", "service"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let app = root.path().join("infra");
        for (command, tool, expected) in [
            ("npm ci", "npm", ""),
            ("npx --yes pnpm@9.1.0 install", "pnpm", ""),
            ("npx --yes --package @yarnpkg/cli-dist@4.9.1 yarn install", "yarn", ""),
            ("corepack yarn@4 install", "yarn", ""),
            ("python3 -m pip install -r requirements.txt", "pip", ""),
            ("npm ci", "pip", "infra"),
            ("./install.sh", "npm", "infra"),
            ("npm --prefix service ci", "npm", "service"),
            ("sh -c 'cd service; npm ci'", "npm", "service"),
            ("npm ci --prefix $SERVICE", "npm", ""),
        ] {
            let words: Vec<String> = command.splitn(3, ' ').map(str::to_owned).collect();
            let variables = ChildEnvironment::of_a_step(&Environment::default());
            let folder = ProjectFolder { path: &app, variables, installation: Some((&words, root.path())) };
            let tool = PACKAGE_MANAGERS.iter().find(|it| it.name == tool).unwrap();
            assert_eq!(folder.of_tool(tool), root.path().join(expected), "{command}");
        }
    }

    #[test]
    fn a_login_that_fails_leaves_no_file() {
        let token = PackageToken::new("TOKEN".to_owned());
        let registry = Registry { url: "https://host/npm/shop/", token: &token, scope: None, keep_pypi: false };
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
