//! Why Bitbucket did not do what it was asked, and what to do about it.

use keyless_aws::HttpError;
use serde::Deserialize;

use crate::scope::Scope;

/// How much of a message of Bitbucket's is shown, in characters.
const SHOWN: usize = 200;

/// Why something could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum BitbucketError {
    /// There are no credentials.
    #[error("no credentials for Bitbucket are set")]
    NoCredentials,
    /// The address of the API is neither HTTPS nor on this machine.
    #[error("BITBUCKET_API_URL is `{0}`, which would send the token unencrypted")]
    Unencrypted(String),
    /// The token is unknown or has expired.
    #[error("Bitbucket answered 401")]
    Unauthorized,
    /// The token may not do this.
    #[error("Bitbucket answered 403")]
    Forbidden {
        /// The scopes that it lacks, as the answer names them in `error.detail.required`; empty if the answer does not.
        required: Vec<String>,
        /// The scope that the call is documented to need.
        documented: Scope,
        /// Whether variables of a workspace were asked for, which need one of its administrators.
        of_workspace: bool,
    },
    /// Not found, or the token cannot see it.
    #[error("Bitbucket answered 404")]
    NotFound,
    /// The endpoint was removed from the API.
    #[error("Bitbucket answered 410: the endpoint was removed{}", change.as_ref().map_or_else(String::new, |change| format!(" ({change})")))]
    Gone {
        /// The number of Atlassian's announcement, such as `CHANGE-2770`.
        change: Option<String>,
    },
    /// It exists already, or was changed meanwhile: what the answer says.
    #[error("Bitbucket answered 409{}", after(.0))]
    Conflict(String),
    /// Too many calls, and the wait would be too long: the seconds that Bitbucket asks for, if it does.
    #[error("Bitbucket answered 429: the hourly limit of calls is reached{}", wait(*.0))]
    RateLimited(Option<u64>),
    /// Another refusal: the HTTP status and what the answer says.
    #[error("Bitbucket answered {}{}", .0, after(.1))]
    Refused(u16, String),
    /// Bitbucket did not answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Not an answer of the API.
    #[error("unexpected answer from Bitbucket's API")]
    Unreadable,
}

fn after(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

fn wait(seconds: Option<u64>) -> String {
    seconds.map_or_else(String::new, |seconds| format!("; it asks to wait for {seconds} s"))
}

/// The body of a refusal (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#standardized-error-responses>).
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Said,
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: serde_json::Value,
}

impl BitbucketError {
    /// What a status and a body say about a call that needs a scope.
    pub(crate) fn of(status: u16, body: &str, documented: Scope, of_workspace: bool) -> Self {
        let said = serde_json::from_str::<Body>(body).unwrap_or_default().error;
        let message: String = said.message.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        match status {
            401 => Self::Unauthorized,
            403 => {
                let required = said.detail["required"].as_array().into_iter().flatten();
                let required = required.filter_map(|scope| scope.as_str()).map(str::to_owned).collect();
                Self::Forbidden { required, documented, of_workspace }
            }
            404 => Self::NotFound,
            410 => Self::Gone { change: change_number(body) },
            409 => Self::Conflict(message),
            _ => Self::Refused(status, message),
        }
    }

    /// What to do about it, as an imperative sentence.
    pub fn help(&self) -> String {
        match self {
            Self::NoCredentials => {
                "set BITBUCKET_ACCESS_TOKEN, or ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, to a token that can read the \
                 repository and its pipelines"
                    .to_owned()
            }
            Self::Unencrypted(_) => "set BITBUCKET_API_URL to an https:// URL, or remove it".to_owned(),
            Self::Unauthorized => "create a new token: this one is invalid or has expired".to_owned(),
            Self::Forbidden { required, documented, of_workspace } => {
                let scopes: Vec<String> = required
                    .iter()
                    .map(|name| Scope::named(name).map_or_else(|| format!("`{name}`"), |scope| scope.to_string()))
                    .collect();
                match (scopes.as_slice(), of_workspace) {
                    ([], true) => "use a token with access; workspace variables need a token of the workspace".to_owned(),
                    ([], false) => format!("use a token with access; the call needs the scope {documented}"),
                    (scopes, _) => format!(
                        "the token needs the scope {}; create a token with it, because scopes cannot be added later",
                        scopes.join(" and ")
                    ),
                }
            }
            Self::NotFound => "check the name, or use a token with access to it".to_owned(),
            Self::Gone { .. } => {
                "update keyless; https://developer.atlassian.com/cloud/bitbucket/changelog explains the change".to_owned()
            }
            Self::Conflict(_) => "look at it in Bitbucket's settings, and run this again".to_owned(),
            Self::RateLimited(_) => "run this again later, or use another token: each has its own limit".to_owned(),
            Self::Refused(..) | Self::Http(_) | Self::Unreadable => {
                "try again; see https://status.atlassian.com".to_owned()
            }
        }
    }
}

/// The number of the announcement that a body names: `CHANGE-2770`.
fn change_number(body: &str) -> Option<String> {
    let at = body.find("CHANGE-")?;
    let digits = body[at + "CHANGE-".len()..].bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| body[at..at + "CHANGE-".len() + digits].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{PIPELINE_READ, PIPELINE_VARIABLES};

    #[test]
    fn a_refusal_says_what_bitbucket_said() {
        let required = r#"{"type": "error", "error": {"message": "Your credentials lack one or more required privilege scopes.",
            "detail": {"granted": ["repository"], "required": ["pipeline:variable"]}}}"#;
        let moved = r#"{"error": {"message": "This endpoint was removed. See CHANGE-2770."}}"#;
        for (status, body, said, help) in [
            (401, "", "Bitbucket answered 401", "create a new token"),
            (
                403,
                required,
                "Bitbucket answered 403",
                "`admin:pipeline:bitbucket` (API token) or Pipelines: Edit variables",
            ),
            (403, r#"{"error": {"detail": {"required": ["snippet"]}}}"#, "403", "needs the scope `snippet`"),
            (403, "<html>", "Bitbucket answered 403", "the call needs the scope `read:pipeline:bitbucket`"),
            (404, "{}", "Bitbucket answered 404", "check the name"),
            (409, r#"{"error": {"message": "exists\nalready"}}"#, "409: exists already", "run this again"),
            (410, moved, "the endpoint was removed (CHANGE-2770)", "update keyless"),
            (410, "CHANGE-", "the endpoint was removed", "update keyless"),
            (500, "{}", "Bitbucket answered 500", "try again"),
        ] {
            let error = BitbucketError::of(status, body, PIPELINE_READ, false);
            assert!(error.to_string().contains(said), "{error}");
            assert!(error.help().contains(help), "{}", error.help());
        }
        let of_workspace = BitbucketError::of(403, "{}", PIPELINE_VARIABLES, true);
        assert!(of_workspace.help().contains("a token of the workspace"), "{}", of_workspace.help());
    }
}
