use crate::{
    iam::{policy::Condition, trust::Trust},
    rules::{Findings, rule},
};

rule! {
    /// A statement whose only restriction is the source address.
    ///
    /// All Bitbucket customers share the published addresses, and the addresses say nothing about the repository or
    /// environment. The condition also restricts only this call: the resulting credentials work from anywhere.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Allow",
    ///     "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},
    ///     "Action": "sts:AssumeRoleWithWebIdentity",
    ///     "Condition": {
    ///       "IpAddress": {"aws:SourceIp": ["34.199.54.113/32", "34.232.25.90/32"]}
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
    ///       "IpAddress": {"aws:SourceIp": ["34.199.54.113/32"]}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// You can use source addresses in addition to `aud` and `sub`. Only steps with `atlassian-ip-ranges: true` and a
    /// larger size use these addresses. To restrict the session as well, deny other addresses in the role's
    /// permissions; `keyless setup --bind-session` does this.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/what-are-the-bitbucket-cloud-ip-addresses-i-should-use-to-configure-my-corporate-firewall/>.
    static RULE: "source-ip-as-identity", Warning, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.allowing().filter(|it| it.trusts_oidc() && it.open.is_empty()) {
        let conditions = &statement.conditions;
        let addresses = |it: &&Condition| it.compares_addresses() && it.is_on("aws:SourceIp");
        let Some(first) = conditions.iter().find(addresses) else { continue };
        if conditions.iter().any(|it| it.claim().is_some()) {
            continue;
        }
        let count = conditions.iter().filter(addresses).map(|it| it.values.len()).sum::<usize>();
        let plural = if count == 1 { "source address is" } else { "source addresses are" };
        findings.report(first.key_span, format!("{count} {plural} the only restriction of this statement")).label("no condition on the caller's identity").help(
                "add conditions on `aud` and `sub`: all Bitbucket customers share these addresses, and they restrict only this \
                 call, not the resulting credentials",
            );
    }
}
