//! Reads of Bitbucket's REST API: names and UUIDs, never the value of a variable
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/>).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use keyless_aws::{Answer, Environment, Http, HttpError, Network, Request};
use serde::{Deserialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// The API's own address.
const API: &str = "https://api.bitbucket.org/2.0";
/// How many pages of a list are read. A page has up to 100 items.
const PAGES: usize = 20;

/// A client of the API.
pub struct Bitbucket {
    http: Http,
    base: String,
    authorization: Zeroizing<String>,
}

/// A repository.
#[derive(Debug, Deserialize)]
pub struct Repository {
    /// With braces.
    pub uuid: String,
    /// The workspace that owns it.
    pub workspace: Workspace,
}

/// A workspace.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// With braces.
    pub uuid: String,
}

/// A deployment environment.
#[derive(Debug, Deserialize)]
pub struct DeploymentEnvironment {
    /// As people see it.
    pub name: String,
    slug: Option<String>,
    /// With braces.
    pub uuid: String,
}

impl DeploymentEnvironment {
    /// What `deployment` in a pipeline is set to.
    pub fn deployment(&self) -> &str {
        self.slug.as_deref().unwrap_or(&self.name)
    }

    /// Whether `deployment: name` in a pipeline refers to it. Bitbucket creates `Production`, and pipelines write `production`.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.slug.as_deref() == Some(name)
    }
}

/// A variable, without its value.
#[derive(Debug, Deserialize)]
pub struct Variable {
    /// Its name.
    pub key: String,
    /// Whether its value is hidden.
    #[serde(default)]
    pub secured: bool,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    values: Vec<T>,
    next: Option<String>,
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BitbucketError {
    /// There are no credentials.
    #[error("no credentials for Bitbucket are set")]
    NoCredentials,
    /// The address of the API is neither HTTPS nor on this machine.
    #[error("BITBUCKET_API_URL is `{0}`, which would send the token unencrypted")]
    Unencrypted(String),
    /// Bitbucket refused the request: the HTTP status.
    #[error("Bitbucket answered {0}")]
    Refused(u16),
    /// Bitbucket did not answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Not an answer of the API.
    #[error("unexpected answer from Bitbucket's API")]
    Unreadable,
}

/// Whether a string can be a part of a path of the API as it is: the slug of a workspace or a repository.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl Bitbucket {
    /// A client with the credentials of the environment: `BITBUCKET_ACCESS_TOKEN`, or `ATLASSIAN_ACCOUNT_EMAIL` and
    /// `ATLASSIAN_API_TOKEN`. `BITBUCKET_API_URL` replaces the API's address.
    ///
    /// # Errors
    /// [`BitbucketError::NoCredentials`], [`BitbucketError::Unencrypted`]
    pub fn new(environment: &Environment, network: &Network) -> Result<Self, BitbucketError> {
        let bearer = environment.get("BITBUCKET_ACCESS_TOKEN").map(|token| format!("Bearer {token}"));
        let basic = || {
            let email = environment.get("ATLASSIAN_ACCOUNT_EMAIL")?;
            let pair = Zeroizing::new(format!("{email}:{}", environment.get("ATLASSIAN_API_TOKEN")?));
            Some(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
        };
        let authorization = bearer.or_else(basic).map(Zeroizing::new).ok_or(BitbucketError::NoCredentials)?;
        let base = environment.get("BITBUCKET_API_URL").unwrap_or(API).trim_end_matches('/').to_owned();
        // Another address must not make the token readable on the network.
        let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|local| base.starts_with(local));
        if !base.starts_with("https://") && !local {
            return Err(BitbucketError::Unencrypted(base));
        }
        Ok(Self { http: Http::new(network), base, authorization })
    }

    /// A repository by the slugs of its workspace and its own.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn repository(&self, workspace: &str, name: &str) -> Result<Repository, BitbucketError> {
        self.get(&format!("{}/repositories/{workspace}/{name}", self.base)).await
    }

    /// The deployment environments of a repository.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn environments(
        &self,
        workspace: &str,
        name: &str,
    ) -> Result<Vec<DeploymentEnvironment>, BitbucketError> {
        self.list(&format!("/repositories/{workspace}/{name}/environments")).await
    }

    /// The names of the workspace variables.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn workspace_variables(&self, workspace: &str) -> Result<Vec<Variable>, BitbucketError> {
        self.list(&format!("/workspaces/{workspace}/pipelines-config/variables")).await
    }

    /// The names of the repository variables.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn repository_variables(&self, workspace: &str, name: &str) -> Result<Vec<Variable>, BitbucketError> {
        self.list(&format!("/repositories/{workspace}/{name}/pipelines_config/variables")).await
    }

    /// The names of a deployment environment's variables, by its UUID with braces.
    ///
    /// # Errors
    /// [`BitbucketError`]
    pub async fn environment_variables(
        &self,
        workspace: &str,
        name: &str,
        uuid: &str,
    ) -> Result<Vec<Variable>, BitbucketError> {
        let uuid = uuid.replace('{', "%7B").replace('}', "%7D");
        self.list(&format!("/repositories/{workspace}/{name}/deployments_config/environments/{uuid}/variables")).await
    }

    /// All pages of a list.
    async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, BitbucketError> {
        let mut all = Vec::new();
        let mut next = Some(format!("{}{path}?pagelen=100", self.base));
        for _ in 0..PAGES {
            let Some(url) = next else { return Ok(all) };
            // An answer must not redirect the token to another server.
            if !url.starts_with(&format!("{}/", self.base)) {
                return Err(BitbucketError::Unreadable);
            }
            let page: Page<T> = self.get(&url).await?;
            all.extend(page.values);
            next = page.next;
        }
        Err(BitbucketError::Unreadable)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, BitbucketError> {
        let headers = vec![
            ("authorization".to_owned(), self.authorization.to_string()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        let request = Request { method: "GET", url, headers, body: String::new() };
        match self.http.send(request).await.map_err(BitbucketError::Http)? {
            Answer { status: 200, body, .. } => serde_json::from_str(&body).map_err(|_| BitbucketError::Unreadable),
            Answer { status, .. } => Err(BitbucketError::Refused(status)),
        }
    }
}

impl BitbucketError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoCredentials => {
                "set BITBUCKET_ACCESS_TOKEN, or ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, to a token that can read the \
                 repository and its pipelines"
            }
            Self::Unencrypted(_) => "set BITBUCKET_API_URL to an https:// URL, or remove it",
            Self::Refused(401) => "create a new token: this one is invalid or has expired",
            Self::Refused(403) => "use a token with access; workspace variables need a token of the workspace",
            Self::Refused(404) => "check the name, or use a token with access to it",
            Self::Refused(_) | Self::Http(_) | Self::Unreadable => "try again; see https://status.atlassian.com",
        }
    }
}

/// Without the credentials.
impl fmt::Debug for Bitbucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bitbucket").field("base", &self.base).finish_non_exhaustive()
    }
}
