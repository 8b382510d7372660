//! The variables of a process, and what AWS's own tools read from them.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    net::IpAddr,
};

/// The variables of a process. A variable that is set to the empty string counts as not set: Bitbucket passes a pipe's
/// default such as `$AWS_ROLE_ARN` as an empty string when nobody defines the variable.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// A variable that is set and is UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_os(name)?.to_str()
    }

    /// A variable that is set, whatever its bytes are: a path, or a value to report as not UTF-8.
    pub fn get_os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The names that are UTF-8, those of empty variables included.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.to_str())
    }

    /// All variables, those included that are empty or not UTF-8.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The endpoints of services that receive a token or the session, and that would receive them in clear text: a URL that is
    /// neither https nor on a loopback address.
    pub fn insecure_endpoints(&self) -> Vec<InsecureEndpoint> {
        let services =
            ["STS", "IAM", "CODEARTIFACT", "CLOUDFORMATION"].map(|service| format!("AWS_ENDPOINT_URL_{service}"));
        let names = ["AWS_ENDPOINT_URL".to_owned()].into_iter().chain(services);
        names.filter(|name| self.get(name).is_some_and(|url| !is_secure(url))).map(InsecureEndpoint).collect()
    }

    /// The URL that replaces a service's own endpoint, such as that of `STS` (AWS SDKs and tools reference,
    /// "Service-specific endpoints").
    pub fn endpoint_url(&self, service: &str) -> Option<String> {
        let names = [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()];
        names.into_iter().find_map(|name| self.get(&name)).map(str::to_owned)
    }
}

/// The variable of an endpoint to which secrets would be sent in clear text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} must be an https:// URL, or http:// with a loopback address such as 127.0.0.1: the session would be sent unencrypted"
)]
pub struct InsecureEndpoint(pub String);

/// Whether a URL is https, or http with a host that is this machine.
fn is_secure(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    match scheme.to_ascii_lowercase().as_str() {
        "https" => !host.is_empty(),
        "http" => {
            host.eq_ignore_ascii_case("localhost")
                || host.to_ascii_lowercase().ends_with(".localhost")
                || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        _ => false,
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Names alone: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn endpoints_are_encrypted_or_on_this_machine() {
        for (url, secure) in [
            ("https://sts.example.com", true),
            ("HTTPS://vpce-1.sts.eu-west-1.vpce.amazonaws.com/", true),
            ("http://localhost:4566", true),
            ("http://aws.localhost:4566/", true),
            ("http://127.0.0.1:4566/x", true),
            ("http://127.8.0.1", true),
            ("http://[::1]:80/", true),
            ("http://sts.example.com", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost@example.com/", false),
            ("http://localhost:x@example.com/", false),
            ("http://10.0.0.1", false),
            ("http://169.254.169.254", false),
            ("ftp://localhost", false),
            ("localhost:4566", false),
            ("https://", false),
        ] {
            let environment: Environment = [("AWS_ENDPOINT_URL_STS", url)].into_iter().collect();
            assert_eq!(environment.insecure_endpoints().is_empty(), secure, "{url}");
        }
    }

    #[test]
    fn empty_is_not_set_and_other_bytes_are_not_a_string() {
        let environment: Environment = [
            ("A", OsString::from("value")),
            ("EMPTY", OsString::new()),
            ("BYTES", OsString::from_vec(vec![0xff])),
            ("AWS_ENDPOINT_URL", "http://all".into()),
            ("AWS_ENDPOINT_URL_STS", "http://sts".into()),
            ("AWS_ENDPOINT_URL_IAM", OsString::new()),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            ["A", "EMPTY", "BYTES", "MISSING"].map(|name| environment.get(name)),
            [Some("value"), None, None, None]
        );
        assert!(environment.get_os("BYTES").is_some() && environment.get_os("EMPTY").is_none());
        assert_eq!(environment.endpoint_url("STS").as_deref(), Some("http://sts"));
        assert_eq!(environment.endpoint_url("IAM").as_deref(), Some("http://all"));
        assert!(!format!("{environment:?}").contains("value"));
    }
}
