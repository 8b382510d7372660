use crate::{
    diagnostic::Severity,
    iam::trust::Trust,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// A trust policy that exceeds IAM's quota.
    ///
    /// By default, a trust policy can have 2048 characters, not counting white space. The quota can be increased to
    /// 8192 in Service Quotas. Long policies usually contain lists of addresses: merge adjacent blocks, or use
    /// conditions on the repository instead.
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
    ///       "IpAddress": {"aws:SourceIp": ["34.199.0.0/32", "34.199.37.101/32", "34.199.74.202/32", "34.199.111.47/32", "34.199.148.148/32", "34.199.185.249/32", "34.199.222.94/32", "34.199.3.195/32", "34.200.40.40/32", "34.200.77.141/32", "34.200.114.242/32", "34.200.151.87/32", "34.200.188.188/32", "34.200.225.33/32", "34.200.6.134/32", "34.200.43.235/32", "34.201.80.80/32", "34.201.117.181/32", "34.201.154.26/32", "34.201.191.127/32", "34.201.228.228/32", "34.201.9.73/32", "34.201.46.174/32", "34.201.83.19/32", "34.202.120.120/32", "34.202.157.221/32", "34.202.194.66/32", "34.202.231.167/32", "34.202.12.12/32", "34.202.49.113/32", "34.202.86.214/32", "34.202.123.59/32", "34.203.160.160/32", "34.203.197.5/32", "34.203.234.106/32", "34.203.15.207/32", "34.203.52.52/32", "34.203.89.153/32", "34.203.126.254/32", "34.203.163.99/32", "34.204.200.200/32", "34.204.237.45/32", "34.204.18.146/32", "34.204.55.247/32", "34.204.92.92/32", "34.204.129.193/32", "34.204.166.38/32", "34.204.203.139/32", "34.205.240.240/32", "34.205.21.85/32", "34.205.58.186/32", "34.205.95.31/32", "34.205.132.132/32", "34.205.169.233/32", "34.205.206.78/32", "34.205.243.179/32", "34.206.24.24/32", "34.206.61.125/32", "34.206.98.226/32", "34.206.135.71/32", "34.206.172.172/32", "34.206.209.17/32", "34.206.246.118/32", "34.206.27.219/32", "34.207.64.64/32", "34.207.101.165/32", "34.207.138.10/32", "34.207.175.111/32", "34.207.212.212/32", "34.207.249.57/32", "34.207.30.158/32", "34.207.67.3/32", "34.208.104.104/32", "34.208.141.205/32", "34.208.178.50/32", "34.208.215.151/32", "34.208.252.252/32", "34.208.33.97/32", "34.208.70.198/32", "34.208.107.43/32", "34.209.144.144/32", "34.209.181.245/32", "34.209.218.90/32", "34.209.255.191/32", "34.209.36.36/32", "34.209.73.137/32", "34.209.110.238/32", "34.209.147.83/32", "34.210.184.184/32", "34.210.221.29/32"]}
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
    ///       "StringLike": {"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
    static RULE: "oversized-trust-policy", Warning, check
}

/// The default of IAM's quota "Role trust policy length" (L-C07B4B0D), and the largest that accounts can request.
const DEFAULT: usize = 2048;
const MAXIMUM: usize = 8192;

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    let Some(length) = trust.policy.length.filter(|length| *length > DEFAULT) else { return };
    let start = Span::new(trust.policy.span.start, trust.policy.span.start + 1);
    let (severity, message) = if length > MAXIMUM {
        (Severity::Error, format!("the policy has {length} characters; IAM allows at most {MAXIMUM}"))
    } else {
        (
            Severity::Warning,
            format!("the policy has {length} characters; IAM allows {DEFAULT} unless the quota was increased"),
        )
    };
    findings
        .report_as(severity, start, message)
        .help("merge adjacent address blocks, split the role, or request a larger quota \"Role trust policy length\"");
}
