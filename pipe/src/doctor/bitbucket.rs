//! Bitbucket's REST API, as far as the doctor reads it: names and UUIDs, never the value of a variable
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/>).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use keyless_aws::{Answer, Http, HttpError, Network, Request};
use serde::{Deserialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// Where the API is.
const API: &str = "https://api.bitbucket.org/2.0";
/// How many pages of a list are read. A page has up to 100 items.
const PAGES: usize = 20;

/// A client of the API.
pub(super) struct Bitbucket {
    http: Http,
    base: String,
    authorization: Zeroizing<String>,
}

/// A repository.
#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    pub(super) uuid: String,
    pub(super) workspace: Workspace,
}

/// A workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Workspace {
    pub(super) uuid: String,
}

/// A deployment environment.
#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    pub(super) name: String,
    slug: Option<String>,
    pub(super) uuid: String,
}

impl Environment {
    /// Whether a pipeline that says `deployment: name` means it. Bitbucket's own are called `Production` and meant by
    /// `production`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.slug.as_deref() == Some(name)
    }
}

/// A variable, without its value.
#[derive(Debug, Deserialize)]
pub(super) struct Variable {
    pub(super) key: String,
    #[serde(default)]
    pub(super) secured: bool,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    values: Vec<T>,
    next: Option<String>,
}

/// Why something could not be read.
#[derive(Debug)]
pub(super) enum BitbucketError {
    /// There is nothing to log in with.
    NoLogin,
    /// The address of the API is neither HTTPS nor on this machine.
    Address(String),
    /// It answered no.
    Refused(u16),
    /// It did not answer.
    Http(HttpError),
    /// An answer that is none of the API.
    Unreadable,
}

impl Bitbucket {
    /// A client that logs in with what the variables hold.
    pub(super) fn new(variable: impl Fn(&str) -> Option<String>, network: &Network) -> Result<Self, BitbucketError> {
        let bearer = variable("BITBUCKET_ACCESS_TOKEN").map(|token| format!("Bearer {token}"));
        let basic = || {
            let pair = format!("{}:{}", variable("ATLASSIAN_ACCOUNT_EMAIL")?, variable("ATLASSIAN_API_TOKEN")?);
            Some(format!("Basic {}", STANDARD.encode(Zeroizing::new(pair).as_bytes())))
        };
        let authorization = bearer.or_else(basic).map(Zeroizing::new).ok_or(BitbucketError::NoLogin)?;
        let base = variable("BITBUCKET_API_URL").unwrap_or_else(|| API.to_owned());
        let base = base.trim_end_matches('/').to_owned();
        // Whoever changes the address must not get the token in clear over a network.
        let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|local| base.starts_with(local));
        if !base.starts_with("https://") && !local {
            return Err(BitbucketError::Address(base));
        }
        Ok(Self { http: Http::new(network), base, authorization })
    }

    pub(super) async fn repository(&self, workspace: &str, name: &str) -> Result<Repository, BitbucketError> {
        self.get(&format!("{}/repositories/{workspace}/{name}", self.base)).await
    }

    pub(super) async fn environments(&self, workspace: &str, name: &str) -> Result<Vec<Environment>, BitbucketError> {
        self.list(&format!("/repositories/{workspace}/{name}/environments")).await
    }

    pub(super) async fn workspace_variables(&self, workspace: &str) -> Result<Vec<Variable>, BitbucketError> {
        self.list(&format!("/workspaces/{workspace}/pipelines-config/variables")).await
    }

    pub(super) async fn repository_variables(
        &self,
        workspace: &str,
        name: &str,
    ) -> Result<Vec<Variable>, BitbucketError> {
        self.list(&format!("/repositories/{workspace}/{name}/pipelines_config/variables")).await
    }

    pub(super) async fn environment_variables(
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
            // The token goes to the API and to nobody that an answer may name.
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
    pub(super) fn fix(&self) -> &'static str {
        match self {
            Self::NoLogin => {
                "set BITBUCKET_ACCESS_TOKEN, or ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, to a token that may read \
                 the repository and its pipelines"
            }
            Self::Address(_) => "set BITBUCKET_API_URL to an address with https://, or remove it",
            Self::Refused(401) => "make a new token: this one is wrong or has expired",
            Self::Refused(403) => "use a token that may read this too; workspace variables need one of the workspace",
            Self::Refused(404) => "correct the name, or use a token that may see it",
            Self::Refused(_) | Self::Http(_) | Self::Unreadable => "try again; https://status.atlassian.com says more",
        }
    }
}

impl fmt::Display for BitbucketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLogin => f.write_str("there is nothing to log in to Bitbucket with"),
            Self::Address(base) => write!(f, "BITBUCKET_API_URL is `{base}`, which would send the token in clear"),
            Self::Refused(status) => write!(f, "Bitbucket answered {status}"),
            Self::Http(error) => error.fmt(f),
            Self::Unreadable => f.write_str("the answer is not one of Bitbucket's API"),
        }
    }
}
