use crate::{
    iam::trust::Trust,
    ip_ranges::network,
    rules::{Findings, rule},
};

rule! {
    /// A value of an IP address condition that is neither an address nor an address block.
    ///
    /// An invalid value matches no address. IAM requires CIDR notation, such as `203.0.113.0/24` or `2001:db8::/32`; an
    /// address without a prefix length is a block of one address.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"},
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"},
    ///       "IpAddress": {"aws:SourceIp": "203.0.113.0-203.0.113.255"}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// ```json right
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "StringEquals": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"},
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"},
    ///       "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
    static RULE: "invalid-source-ip", Error, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for condition in trust.policy.statements.iter().flat_map(|it| &it.conditions).filter(|it| it.compares_addresses()) {
        for (span, value) in condition.known_values().filter(|(_, value)| network(value).is_none()) {
            findings
                .report(span, format!("`{value}` is not an address in CIDR notation"))
                .help("use a block such as `203.0.113.0/24` or `2001:db8::/32`");
        }
    }
}
