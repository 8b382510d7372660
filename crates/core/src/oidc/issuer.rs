//! The issuer of Bitbucket's tokens, and the names that IAM has for it.

use std::fmt;

/// The URL of the issuer of a workspace's tokens. It displays in full:
/// `https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc`.
///
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Issuer<'i> {
    workspace: &'i str,
}

/// Why a string is not the issuer of a Bitbucket workspace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The URL does not begin with `https://`.
    #[error("`{0}` does not begin with `https://`")]
    Scheme(String),
    /// Another URL.
    #[error("`{0}` is not an issuer of Bitbucket Pipelines (`{pattern}`)", pattern = Issuer::PATTERN)]
    Foreign(String),
    /// The workspace in it is empty or has a slash.
    #[error("`{0}` is not the name of a workspace")]
    Workspace(String),
}

const SCHEME: &str = "https://";
const START: &str = "api.bitbucket.org/2.0/workspaces/";
const END: &str = "/pipelines-config/identity/oidc";

impl<'i> Issuer<'i> {
    /// The form of all issuers, for messages.
    pub const PATTERN: &'static str =
        "https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc";

    /// The issuer of a workspace, by the workspace's name in URLs.
    ///
    /// # Errors
    /// [`IssuerError::Workspace`] where the name is empty or has a slash.
    pub fn of_workspace(workspace: &'i str) -> Result<Self, IssuerError> {
        if workspace.is_empty() || workspace.contains('/') {
            return Err(IssuerError::Workspace(workspace.to_owned()));
        }
        Ok(Self { workspace })
    }

    /// Reads the claim `iss` of a token: the URL in full.
    ///
    /// # Errors
    /// [`IssuerError`] where it is not exactly the issuer of a workspace.
    pub fn parse(url: &'i str) -> Result<Self, IssuerError> {
        let rest = url.strip_prefix(SCHEME).ok_or_else(|| IssuerError::Scheme(url.to_owned()))?;
        Self::from_provider_name(rest).map_err(|error| match error {
            IssuerError::Foreign(_) => IssuerError::Foreign(url.to_owned()),
            error => error,
        })
    }

    /// Reads the issuer as IAM writes it in provider ARNs and condition keys: without the scheme.
    ///
    /// # Errors
    /// [`IssuerError`] where it is not exactly the issuer of a workspace.
    pub fn from_provider_name(name: &'i str) -> Result<Self, IssuerError> {
        let workspace = name.strip_prefix(START).and_then(|rest| rest.strip_suffix(END));
        Self::of_workspace(workspace.ok_or_else(|| IssuerError::Foreign(name.to_owned()))?)
    }

    /// The workspace's name.
    pub fn workspace(self) -> &'i str {
        self.workspace
    }

    /// The issuer as IAM writes it in provider ARNs and condition keys: without the scheme.
    pub fn provider_name(self) -> String {
        format!("{START}{}{END}", self.workspace)
    }
}

impl fmt::Display for Issuer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{START}{}{END}", self.workspace)
    }
}

/// The name by which IAM knows the provider of any issuer: its URL without the scheme.
pub fn provider_name(url: &str) -> &str {
    url.strip_prefix(SCHEME).unwrap_or(url)
}

/// Whether an issuer is meant to be one of Bitbucket's, even if it is misspelled after the host: with or without a scheme.
pub fn resembles_bitbucket(url: &str) -> bool {
    provider_name(url).starts_with(START)
}

/// Whether an issuer is on Bitbucket's host: without a scheme.
pub fn is_bitbucket_host(issuer: &str) -> bool {
    let host = issuer.split('/').next().unwrap_or_default();
    ["bitbucket.org", "bitbucket.com"]
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

/// Whether an issuer without a scheme, in which `${name}` represents unknown characters, may be a workspace's.
pub fn could_be_issuer(issuer: &str) -> bool {
    let Some((before, after)) = issuer.split_once("${").zip(issuer.rsplit_once('}')) else {
        return Issuer::from_provider_name(issuer).is_ok();
    };
    let (before, after) = (before.0, after.1);
    (before.starts_with(START) || START.starts_with(before)) && (after.ends_with(END) || END.ends_with(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";

    #[test]
    fn an_issuer_is_read_and_written_in_both_forms() {
        let issuer = Issuer::parse(URL).unwrap();
        assert_eq!((issuer.workspace(), issuer.to_string()), ("acme", URL.to_owned()));
        assert_eq!(Issuer::from_provider_name(&issuer.provider_name()), Ok(issuer));
        assert_eq!(provider_name(URL), issuer.provider_name());
        assert_eq!(Issuer::parse(Issuer::PATTERN).unwrap().to_string(), Issuer::PATTERN);
    }

    #[test]
    fn another_issuer_says_what_is_wrong() {
        for (url, expected) in [
            ("api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc", "does not begin with `https://`"),
            ("https://gitlab.com", "`https://gitlab.com` is not an issuer of Bitbucket Pipelines"),
            ("https://api.bitbucket.org/2.0/workspaces/acme", "is not an issuer of Bitbucket Pipelines"),
            (&format!("{URL}/"), "is not an issuer of Bitbucket Pipelines"),
            (&URL.replace("acme", "a/b"), "`a/b` is not the name of a workspace"),
            (&URL.replace("acme", ""), "`` is not the name of a workspace"),
        ] {
            let error = Issuer::parse(url).unwrap_err().to_string();
            assert!(error.contains(expected), "{url}: {error}");
        }
    }
}
