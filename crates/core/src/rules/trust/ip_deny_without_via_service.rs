use crate::{
    iam::{policy::Effect, trust::Trust},
    rules::{Findings, rule},
};

rule! {
    /// A deny for other source addresses that also denies calls of AWS services.
    ///
    /// If an AWS service makes a call on behalf of the session, the source address is the service's. Exclude such calls
    /// with `"Bool": {"aws:ViaAWSService": "false"}`, as the IAM User Guide does.
    ///
    /// ```json wrong
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Deny",
    ///     "Principal": "*",
    ///     "Action": "sts:*",
    ///     "Condition": {
    ///       "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// ```json right
    /// {
    ///   "Version": "2012-10-17",
    ///   "Statement": {
    ///     "Effect": "Deny",
    ///     "Principal": "*",
    ///     "Action": "sts:*",
    ///     "Condition": {
    ///       "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
    ///       "Bool": {"aws:ViaAWSService": "false"}
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// No service is involved when a token is exchanged, so the trust policy itself works. But a copy of the statement
    /// in a permissions policy blocks CloudFormation and other services.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html>.
    static RULE: "ip-deny-without-via-service", Hint, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.policy.statements.iter().filter(|it| it.effect == Some(Effect::Deny)) {
        let excepted = statement.conditions.iter().any(|it| it.is_on("aws:ViaAWSService"));
        let foreign =
            statement.conditions.iter().find(|it| it.operator_name.starts_with("NotIp") && it.is_on("aws:SourceIp"));
        if let (Some(foreign), false) = (foreign, excepted) {
            findings
                .report(foreign.key_span, "this deny also applies to calls that AWS services make for the session")
                .help("add `\"Bool\": {\"aws:ViaAWSService\": \"false\"}` to the condition");
        }
    }
}
