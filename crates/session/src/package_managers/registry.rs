//! A repository as package managers address it.

use keyless_aws::PackageToken;

/// A repository for one format of packages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registry<'a> {
    /// Its address, with a slash at the end.
    pub url: &'a str,
    /// The token.
    pub token: &'a PackageToken,
    /// The scope of its npm packages; without one it serves all packages.
    pub scope: Option<&'a str>,
    /// Whether PyPI is searched too.
    pub keep_pypi: bool,
}

impl Registry<'_> {
    /// The user name that CodeArtifact expects with the token as password.
    pub(crate) const USER: &'static str = "aws";
    /// The index of the Python Package Index, which Python's package managers read by default.
    pub(super) const PYPI: &'static str = "https://pypi.org/simple/";

    pub(crate) fn password(&self) -> String {
        self.token.expose().to_owned()
    }

    /// `//host/path/`
    pub(super) fn without_scheme(&self) -> &str {
        self.url.find("//").map_or(self.url, |at| &self.url[at..])
    }

    pub(super) fn host_and_path(&self) -> (&str, &str) {
        self.without_scheme().trim_start_matches('/').split_once('/').unwrap_or_default()
    }

    /// The index that Python's package managers read, with the credentials in it.
    pub(super) fn simple_index(&self) -> String {
        let rest = self.without_scheme().trim_start_matches('/');
        let scheme = self.url.split("//").next().unwrap_or_default();
        format!("{scheme}//{}:{}@{rest}simple/", Self::USER, self.token.expose())
    }

    /// The same index without credentials.
    pub(crate) fn simple_url(&self) -> String {
        format!("{}simple/", self.url)
    }

    /// Whether a URL is the one that packages are read from: for Python the index, for others the repository itself.
    pub(crate) fn is_at(&self, url: &str) -> bool {
        same(url, self.url) || same(url, &self.simple_url())
    }

    /// Whether a URL is PyPI's, and PyPI is searched on request.
    pub(crate) fn is_kept(&self, url: &str) -> bool {
        self.keep_pypi && same(url, Self::PYPI)
    }
}

/// Whether two URLs are the same but for credentials and a slash at the end.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let plain = |url: &str| without_credentials(url).trim_end_matches('/').to_owned();
    plain(one) == plain(other)
}

/// A URL that can be shown.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let credentials = host.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[credentials..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_the_last_slash_do_not_distinguish_urls() {
        assert!(same("https://aws:p@ss@host/pypi/shop/simple/", "https://host/pypi/shop/simple"));
        assert!(!same("https://host/pypi/shop/simple", "https://host/pypi/other/simple"));
        assert!(!same("http://host/npm/shop", "https://host/npm/shop"));
        for (url, shown) in [
            ("https://user:s3cret@host/a@b/", "https://host/a@b/"),
            ("https://host", "https://host"),
            ("https://s3cret@host?x", "https://host?x"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
