//! Condition keys, and whether a call of `AssumeRoleWithWebIdentity` has them.

/// A condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'k> {
    /// A claim of a token: `api.bitbucket.org/…/oidc:sub`.
    Claim {
        /// The part before the last colon.
        issuer: &'k str,
        /// The part after it.
        claim: &'k str,
    },
    /// A key of AWS itself, such as `aws:SourceIp`.
    Service(&'k str),
}

/// The claims that IAM exposes for every OIDC provider. It exposes no other claims of Bitbucket's tokens.
///
/// Source: `reference_policies_iam-condition-keys`, "Available keys for AWS OIDC federation"; the service authorization
/// data of September 2026 lists more claims for some providers, but not for Bitbucket.
pub const CLAIMS: [&str; 5] = ["amr", "aud", "email", "oaud", "sub"];

/// Whether the token has a claim for roles that authorizes the role (`Bool`). Bitbucket's tokens have no such claim; whether
/// the key is then `false` or missing is not documented.
///
/// Source: condition keys of `AssumeRoleWithWebIdentity` in the Service Authorization Reference.
pub const AUTHORIZED_BY_IDP: &str = "sts:RoleAuthorizedByIdp";

/// Keys that a context provider sets for the session. AWS documents them for permissions, not for trust policies.
///
/// Source: "Trusted identity propagation" in the IAM User Guide, of November 2026.
const UNCONFIRMED: [&str; 2] = ["aws:originidentity/", "aws:transactioncontext/"];

/// Whether AWS does not document if a trust policy can test this key.
pub fn is_unconfirmed(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    UNCONFIRMED.iter().any(|prefix| key.starts_with(prefix))
}

impl<'k> Key<'k> {
    /// Reads a key as written.
    pub fn new(key: &'k str) -> Self {
        match key.rsplit_once(':') {
            // A provider is a host name, possibly with a path; service prefixes have no dot.
            Some((issuer, claim)) if issuer.contains('.') && !key.contains(":RequestTag/") => {
                Self::Claim { issuer, claim }
            }
            _ => Self::Service(key),
        }
    }
}

/// Whether a request has an AWS or service key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Always, with the same value.
    Always(&'static str),
    /// Depending on the caller, the time and the network.
    Sometimes,
    /// Never: it describes a signed caller, or a parameter that this call does not have.
    Never,
}

/// A key that ends in a slash represents all keys with this prefix.
///
/// Source: `reference_policies_condition-keys` (each key's "Availability") and the condition keys of
/// `AssumeRoleWithWebIdentity` in the Service Authorization Reference.
const AVAILABILITY: [(&str, Availability); 42] = [
    ("aws:calledvia", Availability::Never),
    ("aws:calledviafirst", Availability::Never),
    ("aws:calledvialast", Availability::Never),
    ("aws:currenttime", Availability::Sometimes),
    ("aws:epochtime", Availability::Sometimes),
    ("aws:federatedprovider", Availability::Never),
    ("aws:multifactorauthage", Availability::Never),
    ("aws:multifactorauthpresent", Availability::Never),
    ("aws:principalaccount", Availability::Never),
    ("aws:principalarn", Availability::Never),
    ("aws:principalisawsservice", Availability::Always("false")),
    ("aws:principalorgid", Availability::Never),
    ("aws:principalorgpaths", Availability::Never),
    ("aws:principalservicename", Availability::Never),
    ("aws:principalservicenameslist", Availability::Never),
    ("aws:principaltag/", Availability::Never),
    ("aws:principaltype", Availability::Never),
    ("aws:referer", Availability::Sometimes),
    ("aws:requestedregion", Availability::Sometimes),
    // Tags and the source identity come from claims that Bitbucket's tokens do not have.
    ("aws:requesttag/", Availability::Never),
    ("aws:resourceaccount", Availability::Sometimes),
    ("aws:resourceorgid", Availability::Sometimes),
    ("aws:resourceorgpaths", Availability::Sometimes),
    ("aws:resourcetag/", Availability::Sometimes),
    ("aws:securetransport", Availability::Always("true")),
    ("aws:sourceaccount", Availability::Never),
    ("aws:sourcearn", Availability::Never),
    ("aws:sourceidentity", Availability::Never),
    ("aws:sourceip", Availability::Sometimes),
    ("aws:sourceorgid", Availability::Never),
    ("aws:sourceorgpaths", Availability::Never),
    ("aws:sourcevpc", Availability::Sometimes),
    ("aws:sourcevpce", Availability::Sometimes),
    ("aws:tagkeys", Availability::Never),
    ("aws:tokenissuetime", Availability::Never),
    ("aws:useragent", Availability::Sometimes),
    ("aws:userid", Availability::Never),
    ("aws:username", Availability::Never),
    ("aws:viaawsservice", Availability::Always("false")),
    ("aws:vpcsourceip", Availability::Sometimes),
    ("sts:externalid", Availability::Never),
    ("sts:sourceidentity", Availability::Never),
];

/// Whether this call has an AWS or service key, which is not case-sensitive. Unknown keys are available sometimes.
pub fn availability(key: &str) -> Availability {
    let key = key.to_ascii_lowercase();
    let name = key.find('/').map_or(key.as_str(), |slash| &key[..=slash]);
    AVAILABILITY
        .binary_search_by(|(known, _)| known.cmp(&name))
        .map_or(Availability::Sometimes, |at| AVAILABILITY[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Issuer;

    #[test]
    fn claims_and_service_keys_are_distinguished() {
        let claim = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub";
        let Key::Claim { issuer, claim } = Key::new(claim) else { panic!("{claim}") };
        let workspace = Issuer::from_provider_name(issuer).unwrap().workspace();
        assert_eq!((workspace, claim), ("acme", "sub"));
        for service in ["aws:SourceIp", "aws:RequestTag/a.b:c", "sts:RoleSessionName", "nonsense"] {
            assert_eq!(Key::new(service), Key::Service(service));
        }
    }

    #[test]
    fn the_table_is_sorted_and_found_in_any_case() {
        assert!(AVAILABILITY.is_sorted_by_key(|(key, _)| *key));
        assert_eq!(availability("AWS:PrincipalTag/team"), Availability::Never);
        assert_eq!(availability("aws:SecureTransport"), Availability::Always("true"));
        assert_eq!(availability("aws:SourceIP"), Availability::Sometimes);
        assert_eq!(availability("sts:RoleSessionName"), Availability::Sometimes);
    }
}
