//! AWS CodeArtifact: a token for package managers, and the repository's endpoints.

use std::fmt;

use keyless_core::aws::{AccountId, Region};
use serde_json::Value;
use tokio::time::sleep;
use zeroize::Zeroizing;

use crate::{
    error::InventoryError,
    http::{Answer, Http, Request},
    keys::Keys,
    network::Network,
    session::Session,
    signature::signed,
    sts::{Said, pause_after},
};

/// How often a call that may still succeed is made in all.
const ATTEMPTS: u32 = 3;

/// A client of CodeArtifact in one region.
#[derive(Debug)]
pub struct CodeArtifact {
    http: Http,
    region: Region,
    endpoint: String,
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its domain.
    pub domain: String,
    /// The account of the domain.
    pub owner: AccountId,
    /// Its name.
    pub name: String,
}

/// A token for package managers. It is a secret.
#[derive(Clone)]
pub struct PackageToken(Zeroizing<String>);

impl CodeArtifact {
    /// A client for a region. `endpoint` replaces the region's own.
    pub fn new(region: &Region, endpoint: Option<String>, network: &Network) -> Self {
        let endpoint = endpoint
            .unwrap_or_else(|| format!("https://codeartifact.{}.{}", region.name(), region.partition().dns_suffix));
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Self { http: Http::new(network), region: region.clone(), endpoint }
    }

    /// Asks for a token that lives as long as the session: a duration of 0 says so (CodeArtifact API reference,
    /// `GetAuthorizationToken`). Any other could outlive the session by hours.
    ///
    /// # Errors
    /// [`InventoryError`]
    pub async fn token(&self, session: &Session, repository: &Repository) -> Result<PackageToken, InventoryError> {
        let target = format!("/v1/authorization-token?{}", query(repository, &[("duration", "0")]));
        let answer = Zeroizing::new(self.call(session, "POST", &target).await?);
        text(&answer, "authorizationToken").map(PackageToken::new)
    }

    /// The address of a repository for a format of packages, such as `npm`. It ends with a slash.
    ///
    /// # Errors
    /// [`InventoryError`]
    pub async fn endpoint(
        &self,
        session: &Session,
        repository: &Repository,
        format: &str,
    ) -> Result<String, InventoryError> {
        let further = [("format", format), ("repository", &repository.name)];
        let target = format!("/v1/repository/endpoint?{}", query(repository, &further));
        let url = text(&self.call(session, "GET", &target).await?, "repositoryEndpoint")?;
        Ok(if url.ends_with('/') { url } else { url + "/" })
    }

    /// Makes a call and returns the answer's body. What can pass is tried again.
    async fn call(&self, session: &Session, method: &'static str, target: &str) -> Result<String, InventoryError> {
        let (url, keys) = (format!("{}{target}", self.endpoint), Keys::from(session));
        let mut attempt = 1;
        loop {
            let request = Request { method, url: &url, headers: Vec::new(), body: String::new() };
            let request = signed(request, &keys, "codeartifact", self.region.name());
            let error = match self.http.send(request.ok_or(InventoryError::Unsignable)?).await {
                Ok(answer) if answer.status < 300 => return Ok(answer.body),
                Ok(answer) if answer.status < 500 && answer.status != 429 => return Err(refused(&answer)),
                Ok(answer) => refused(&answer),
                Err(error) => InventoryError::Http(error),
            };
            if attempt == ATTEMPTS {
                return Err(error);
            }
            sleep(pause_after(attempt)).await;
            attempt += 1;
        }
    }
}

/// A string member of a response.
fn text(answer: &str, name: &str) -> Result<String, InventoryError> {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    answer[name].as_str().map(str::to_owned).ok_or(InventoryError::Unreadable)
}

/// The code is in a header, the message in the body (the protocol `restJson1`).
fn refused(answer: &Answer) -> InventoryError {
    let code = answer.error_type.as_deref().and_then(|kind| kind.split(':').next());
    let code = code.map_or_else(|| format!("HTTP {}", answer.status), str::to_owned);
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let message = body["message"].as_str().unwrap_or_default().trim().to_owned();
    InventoryError::Refused(Said { code, message, request_id: None })
}

fn query(repository: &Repository, further: &[(&str, &str)]) -> String {
    let domain = [("domain", repository.domain.as_str()), ("domain-owner", repository.owner.as_str())];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(domain).extend_pairs(further).finish()
}

impl PackageToken {
    /// Takes over what CodeArtifact answered.
    pub fn new(token: String) -> Self {
        Self(Zeroizing::new(token))
    }

    /// The token, for whoever hands it to a package manager.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PackageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PackageToken(…)")
    }
}
