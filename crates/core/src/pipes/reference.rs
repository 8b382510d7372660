//! The value of `pipe:`.

use std::{fmt, str::FromStr};

/// A pipe's reference, split into its parts.
///
/// `atlassian/aws-s3-deploy:1.1.0` names a repository on Bitbucket with a `pipe.yml` and one of its tags,
/// `docker://registry/owner/image:tag` an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'t> {
    /// Whether it begins with `docker://`.
    pub docker: bool,
    /// The registry's host and port, for an image outside Docker Hub.
    pub registry: Option<&'t str>,
    /// `owner/name`; an image's may have more or fewer parts.
    pub path: &'t str,
    /// What follows the `:`, which may be a branch.
    pub version: Option<&'t str>,
    /// What follows the `@`, such as `sha256:…`.
    pub digest: Option<&'t str>,
}

impl<'t> Reference<'t> {
    /// Splits a reference. Any text can be split; what it refers to need not exist.
    pub fn parse(text: &'t str) -> Self {
        let text = text.trim();
        let (docker, rest) = text.strip_prefix("docker://").map_or((false, text), |rest| (true, rest));
        let (rest, digest) = rest.split_once('@').map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
        // The `:` before a `/` is that of a port.
        let (rest, version) = match rest.rsplit_once(':') {
            Some((rest, version)) if !version.contains('/') => (rest, Some(version)),
            _ => (rest, None),
        };
        // As Docker decides: a first part with a dot or a port is a host.
        let (registry, path) = match rest.split_once('/') {
            Some((host, path)) if docker && (host.contains(['.', ':']) || host == "localhost") => (Some(host), path),
            _ => (None, rest),
        };
        Self { docker, registry, path, version, digest }
    }

    /// The last two parts of the path, which a mirror keeps: `mirror.example/hub/snyk/snyk-scan` → `snyk/snyk-scan`.
    pub fn owner_and_name(&self) -> &'t str {
        self.path.rmatch_indices('/').nth(1).map_or(self.path, |(at, _)| &self.path[at + 1..])
    }

    /// The last part of the path.
    pub fn name(&self) -> &'t str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The version, when it is one such as `1.2.3` and no digest decides.
    pub fn fixed_version(&self) -> Option<Version> {
        if self.digest.is_some() {
            return None;
        }
        self.version?.parse().ok()
    }
}

/// A version of three numbers, as pipes have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Incompatible changes.
    pub major: u32,
    /// Additions.
    pub minor: u32,
    /// Corrections.
    pub patch: u32,
}

/// Not a version of three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAVersion;

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("version must have the form `1.2.3`")
    }
}

impl std::error::Error for NotAVersion {}

impl FromStr for Version {
    type Err = NotAVersion;

    /// Reads `1.2.3` or `v1.2.3`. `1.2` and `1.2.3-beta` may move or come before, so that they do not compare.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.').map(|part| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| digits).ok_or(NotAVersion)
        });
        let mut next = || numbers.next().unwrap_or(Err(NotAVersion));
        let version = Self { major: next()?, minor: next()?, patch: next()? };
        if numbers.next().is_some() { Err(NotAVersion) } else { Ok(version) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split() {
        for (text, expected) in [
            ("atlassian/aws-s3-deploy:1.1.0", "false - atlassian/aws-s3-deploy 1.1.0 -"),
            ("atlassian/aws-s3-deploy", "false - atlassian/aws-s3-deploy - -"),
            ("docker://keyless/pipe:0.1.0", "true - keyless/pipe 0.1.0 -"),
            ("docker://ghcr.io/a/b/pipe@sha256:ab", "true ghcr.io a/b/pipe - sha256:ab"),
            ("docker://localhost:5000/pipe", "true localhost:5000 pipe - -"),
            ("docker://localhost:5000/a/pipe:1@sha256:ab", "true localhost:5000 a/pipe 1 sha256:ab"),
            ("", "false -  - -"),
        ] {
            let Reference { docker, registry, path, version, digest } = Reference::parse(text);
            let or_dash = |part: Option<&'static str>| part.unwrap_or("-");
            let read = format!("{docker} {} {path} {} {}", or_dash(registry), or_dash(version), or_dash(digest));
            assert_eq!(read, expected, "{text}");
        }
        assert_eq!(Reference::parse("docker://r.io/hub/snyk/snyk-scan:1.0.0").owner_and_name(), "snyk/snyk-scan");
        assert_eq!(Reference::parse("docker://pipe").owner_and_name(), "pipe");
    }

    #[test]
    fn only_complete_versions_compare() {
        let version = |text: &str| text.parse::<Version>();
        assert!(version("1.10.0").unwrap() > version("v1.9.12").unwrap());
        for text in ["1", "1.2", "1.2.3.4", "latest", "1.2.3-beta", "+1.2.3", "1..3", "", "99999999999.0.0"] {
            assert_eq!(version(text), Err(NotAVersion), "{text}");
        }
        assert_eq!(Reference::parse("a/b:1.2.3@sha256:x").fixed_version(), None);
    }
}
