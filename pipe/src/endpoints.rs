//! How AWS is reached, from the variables that its own tools honour.

use std::ffi::OsString;

use keyless_aws::Network;

use crate::{mistake::Mistake, run::Variables};

/// The address that replaces a service's own (AWS SDKs and tools reference, "Service-specific endpoints"), such as that of
/// `STS`.
pub fn endpoint(environment: &Variables, service: &str) -> Option<String> {
    let url = |name: String| environment.get(&OsString::from(name))?.to_str().filter(|url| !url.is_empty());
    [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()].into_iter().find_map(url).map(str::to_owned)
}

/// The way there: `AWS_CA_BUNDLE` names the certificate authorities that are trusted instead of the system's.
///
/// # Errors
/// [`Mistake::Bundle`]
pub fn network(environment: &Variables) -> Result<Network, Mistake> {
    match environment.get(&OsString::from("AWS_CA_BUNDLE")).filter(|bundle| !bundle.is_empty()) {
        Some(bundle) => Network::trusting(bundle.into()).map_err(|error| Mistake::Bundle(error.to_string())),
        None => Ok(Network::default()),
    }
}
