//! A client of Bitbucket's REST API (<https://developer.atlassian.com/cloud/bitbucket/rest/>): the login, pages, waits and
//! retries. What can be asked is in [`crate::variables`] and [`crate::repository`].

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use keyless_aws::{Answer, Environment, Http, Network, Request};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{sync::mpsc::UnboundedSender, time::sleep};
use zeroize::Zeroizing;

use crate::{error::BitbucketError, scope::Scope};

/// The API's own address.
const API: &str = "https://api.bitbucket.org/2.0";
/// How many pages of a list are read. A page has up to 100 items.
const PAGES: usize = 20;
/// How long all waits of one call may take. The limits of Bitbucket's API count an hour
/// (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>); a longer wait is for a person to decide.
const WAIT_LIMIT: Duration = Duration::from_mins(2);
/// The wait after a 429 that names none.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// How often a call that only reads is made, if Bitbucket fails.
const ATTEMPTS: u32 = 3;
/// The wait before the second attempt; it doubles.
const RETRY_WAIT: Duration = Duration::from_millis(500);

/// A client of the API.
pub struct Bitbucket {
    http: Http,
    base: String,
    authorization: Zeroizing<String>,
    login: Login,
    waits: Option<UnboundedSender<Wait>>,
}

/// How the client logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// By an access token.
    AccessToken,
    /// By an email address and an API token.
    ApiToken,
}

/// Bitbucket asked to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bitbucket answered 429: waiting for {} s, as it asks", self.0.as_secs())
    }
}

/// A call.
pub(crate) struct Call<'c> {
    pub(crate) method: &'static str,
    /// Below the API's address, or a whole URL below it.
    pub(crate) path: &'c str,
    pub(crate) scope: Scope,
    /// The type of the body, and the body.
    pub(crate) body: Option<(&'static str, String)>,
}

impl<'c> Call<'c> {
    pub(crate) fn get(path: &'c str, scope: Scope) -> Self {
        Self { method: "GET", path, scope, body: None }
    }

    pub(crate) fn delete(path: &'c str, scope: Scope) -> Self {
        Self { method: "DELETE", path, scope, body: None }
    }

    pub(crate) fn json(method: &'static str, path: &'c str, scope: Scope, body: &serde_json::Value) -> Self {
        Self { method, path, scope, body: Some(("application/json", body.to_string())) }
    }
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    values: Vec<T>,
    next: Option<String>,
}

impl Bitbucket {
    /// A client with the credentials of the environment: `BITBUCKET_ACCESS_TOKEN`, or `ATLASSIAN_ACCOUNT_EMAIL` and
    /// `ATLASSIAN_API_TOKEN`. `BITBUCKET_API_URL` replaces the API's address.
    ///
    /// # Errors
    /// [`BitbucketError::NoCredentials`], [`BitbucketError::Unencrypted`]
    pub fn new(environment: &Environment, network: &Network) -> Result<Self, BitbucketError> {
        let bearer =
            environment.get("BITBUCKET_ACCESS_TOKEN").map(|token| (Login::AccessToken, format!("Bearer {token}")));
        let basic = || {
            let email = environment.get("ATLASSIAN_ACCOUNT_EMAIL")?;
            let pair = Zeroizing::new(format!("{email}:{}", environment.get("ATLASSIAN_API_TOKEN")?));
            Some((Login::ApiToken, format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
        };
        let (login, authorization) = bearer.or_else(basic).ok_or(BitbucketError::NoCredentials)?;
        let authorization = Zeroizing::new(authorization);
        let base = environment.get("BITBUCKET_API_URL").unwrap_or(API).trim_end_matches('/').to_owned();
        // Another address must not make the token readable on the network.
        let local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|local| base.starts_with(local));
        if !base.starts_with("https://") && !local {
            return Err(BitbucketError::Unencrypted(base));
        }
        Ok(Self { http: Http::new(network), base, authorization, login, waits: None })
    }

    /// The same client, which tells of its waits.
    #[must_use]
    pub fn telling(self, waits: UnboundedSender<Wait>) -> Self {
        Self { waits: Some(waits), ..self }
    }

    /// A command that makes a call without a body, with the credentials in the same variables of the environment. `printf` is
    /// the shell's own and curl reads its standard input, so that no program has the credentials in its arguments.
    pub(crate) fn curl(&self, method: &str, path: &str) -> String {
        let login = match self.login {
            Login::AccessToken => r#"printf 'header = "Authorization: Bearer %s"' "$BITBUCKET_ACCESS_TOKEN""#,
            Login::ApiToken => r#"printf 'user = "%s:%s"' "$ATLASSIAN_ACCOUNT_EMAIL" "$ATLASSIAN_API_TOKEN""#,
        };
        format!("{login} | curl -K - -f -X {method} '{}{path}'", self.base)
    }

    /// The same with a body in JSON.
    pub(crate) fn curl_with(&self, method: &str, path: &str, body: &serde_json::Value) -> String {
        // the body has names and ARNs, in which a single quote cannot be
        let call = self.curl(method, path);
        format!("{call} -H 'Content-Type: application/json' -d '{}'", body.to_string().replace('\'', "\\u0027"))
    }

    /// All pages of a list.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str, scope: Scope) -> Result<Vec<T>, BitbucketError> {
        let mut all = Vec::new();
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut next = Some(format!("{}{path}{mark}pagelen=100", self.base));
        for _ in 0..PAGES {
            let Some(url) = next else { return Ok(all) };
            // An answer must not redirect the token to another server.
            if !url.starts_with(&format!("{}/", self.base)) {
                return Err(BitbucketError::Unreadable);
            }
            let page: Page<T> = self.read(Call::get(&url, scope)).await?;
            all.extend(page.values);
            next = page.next;
        }
        Err(BitbucketError::Unreadable)
    }

    /// What a call answers, as JSON.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, BitbucketError> {
        let body = self.call(call).await?;
        serde_json::from_str(&body).map_err(|_| BitbucketError::Unreadable)
    }

    /// Makes a call and returns the body of its answer. It waits if Bitbucket asks for that, and repeats what only reads.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<String, BitbucketError> {
        let url = if call.path.starts_with('/') { format!("{}{}", self.base, call.path) } else { call.path.to_owned() };
        let of_workspace = call.path.contains("/workspaces/");
        let mut waited = Duration::ZERO;
        let mut attempt = 1;
        loop {
            let answer = self.send(&call, &url).await?;
            match answer.status {
                200..=299 => return Ok(answer.body),
                429 => {
                    let asked = answer.retry_after.as_deref().and_then(|text| text.trim().parse().ok());
                    let wait = asked.map_or(DEFAULT_WAIT, Duration::from_secs).max(Duration::from_millis(100));
                    waited += wait;
                    if waited > WAIT_LIMIT {
                        return Err(BitbucketError::RateLimited(asked));
                    }
                    if let Some(waits) = &self.waits {
                        // nobody listens any more: then nobody is told
                        let _ = waits.send(Wait(wait));
                    }
                    sleep(wait).await;
                }
                500..=599 if call.method == "GET" && attempt < ATTEMPTS => {
                    sleep(RETRY_WAIT * 2_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                status => return Err(BitbucketError::of(status, &answer.body, call.scope, of_workspace)),
            }
        }
    }

    async fn send(&self, call: &Call<'_>, url: &str) -> Result<Answer, BitbucketError> {
        let mut headers = vec![
            ("authorization".to_owned(), self.authorization.to_string()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        let mut body = String::new();
        if let Some((kind, content)) = &call.body {
            headers.push(("content-type".to_owned(), (*kind).to_owned()));
            body.clone_from(content);
        }
        self.http.send(Request { method: call.method, url, headers, body }).await.map_err(BitbucketError::Http)
    }
}

/// Without the credentials.
impl fmt::Debug for Bitbucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bitbucket").field("base", &self.base).finish_non_exhaustive()
    }
}
