//! Repositories by the names in their URLs.

use std::{fmt, str::FromStr};

/// The slugs of a workspace and of a repository in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositorySlugs {
    /// The workspace's.
    pub workspace: String,
    /// The repository's.
    pub repository: String,
}

impl RepositorySlugs {
    /// A repository, unless one of the names cannot be in a URL.
    pub fn new(workspace: &str, repository: &str) -> Option<Self> {
        let (workspace, repository) = (workspace.to_owned(), repository.to_owned());
        (is_slug(&workspace) && is_slug(&repository)).then_some(Self { workspace, repository })
    }

    /// The repository of a Git remote at bitbucket.org: `git@bitbucket.org:acme/shop.git`,
    /// `https://dev@bitbucket.org/acme/shop`, `ssh://git@altssh.bitbucket.org:443/acme/shop.git`.
    pub fn of_remote(url: &str) -> Option<Self> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let rest = rest.split_once('@').filter(|(user, _)| !user.contains('/')).map_or(rest, |(_, rest)| rest);
        let at = rest.find([':', '/'])?;
        let (host, path) = rest.split_at(at);
        if !matches!(host, "bitbucket.org" | "altssh.bitbucket.org") {
            return None;
        }
        let path = path.trim_start_matches([':', '/']);
        // a port comes before the path
        let path = path
            .split_once('/')
            .filter(|(port, _)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(path, |(_, it)| it);
        let path = path.trim_end_matches('/');
        path.strip_suffix(".git").unwrap_or(path).parse().ok()
    }
}

/// A string is not `WORKSPACE/NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be of the form WORKSPACE/NAME")]
pub struct NotARepository;

/// Reads `WORKSPACE/NAME`.
impl FromStr for RepositorySlugs {
    type Err = NotARepository;

    fn from_str(text: &str) -> Result<Self, NotARepository> {
        text.split_once('/').and_then(|(workspace, name)| Self::new(workspace, name)).ok_or(NotARepository)
    }
}

impl fmt::Display for RepositorySlugs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.workspace, self.repository)
    }
}

/// Whether a string can be a part of a path of the API as it is: the slug of a workspace or a repository.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && !text.bytes().all(|byte| byte == b'.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_of_bitbucket_name_a_repository() {
        for (url, expected) in [
            ("git@bitbucket.org:acme/shop.git", Some("acme/shop")),
            ("https://bitbucket.org/acme/shop.git", Some("acme/shop")),
            ("https://dev@bitbucket.org/acme/shop/", Some("acme/shop")),
            ("https://x-token-auth:secret@bitbucket.org/acme/shop", Some("acme/shop")),
            ("ssh://git@bitbucket.org/acme/shop.git", Some("acme/shop")),
            ("ssh://git@altssh.bitbucket.org:443/acme/shop.git", Some("acme/shop")),
            ("git@github.com:acme/shop.git", None),
            ("https://bitbucket.org.example.com/acme/shop", None),
            ("https://example.com/bitbucket.org/acme/shop", None),
            ("git@bitbucket.org:acme/../shop", None),
            ("../shop", None),
            ("", None),
        ] {
            let found = RepositorySlugs::of_remote(url).map(|slugs| slugs.to_string());
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }
}
