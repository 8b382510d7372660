use crate::{
    iam::{policy::Effect, trust::Trust},
    rules::{Findings, rule},
};

rule! {
    /// A denial of foreign addresses that also denies AWS's services.
    ///
    /// When a service of AWS makes a call for the session, the address is the service's. The usual denial excepts such
    /// calls with `"Bool": {"aws:ViaAWSService": "false"}`. For the exchange of a token no service calls, but a copy of
    /// the statement in a permissions policy locks CloudFormation out.
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
    static RULE: "ip-deny-without-via-service", Hint, check
}

fn check(trust: &Trust<'_>, findings: &mut Findings<'_>) {
    for statement in trust.policy.statements.iter().filter(|it| it.effect == Some(Effect::Deny)) {
        let excepted = statement.conditions.iter().any(|it| it.is_on("aws:ViaAWSService"));
        let foreign =
            statement.conditions.iter().find(|it| it.operator_name.starts_with("NotIp") && it.is_on("aws:SourceIp"));
        if let (Some(foreign), false) = (foreign, excepted) {
            findings
                .report(foreign.key_span, "the denial also meets calls that AWS makes for the session")
                .help("add \"Bool\": {\"aws:ViaAWSService\": \"false\"}");
        }
    }
}
