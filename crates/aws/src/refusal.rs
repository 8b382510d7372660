//! Why STS rejected a request: causes by error code and message, each with a remedy.

use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};
use keyless_core::{
    aws::{Region, RoleArn},
    oidc::{self, Claims},
};

/// Why STS rejected a request for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token's audience is not one of the identity provider's client IDs.
    AudienceNotRegistered,
    /// The role's account has no identity provider with the token's issuer.
    ProviderMissing,
    /// AWS could not read the token as a JWT.
    NotAToken,
    /// AWS could not fetch the issuer's keys.
    KeysUnreachable,
    /// The issuer's certificate is not the one registered with the provider.
    Thumbprint,
    /// The token failed AWS's validation in another way: its signature, above all.
    NotValidated,
    /// The token has expired.
    TokenExpired,
    /// The role's trust policy does not allow this token, or the role does not exist.
    NotTrusted,
    /// The tags of the session are not allowed.
    TagsNotAllowed,
    /// A policy of this kind denies the call.
    Denied(PolicyKind),
    /// STS does not know the session that signs the call, yet or at all.
    SessionUnknown,
    /// The session that signs the call has expired.
    SessionExpired,
    /// AWS could not talk to the issuer.
    ProviderUnreachable,
    /// The issuer rejected a claim.
    ClaimRejected,
    /// The session duration exceeds the role's maximum.
    DurationTooLong,
    /// Role chaining limits the session to one hour.
    ChainedDurationTooLong,
    /// A parameter of the call breaks STS's rules.
    InvalidParameter,
    /// A session policy is not a valid policy.
    SessionPolicyMalformed,
    /// The session policies and tags together are too large.
    SessionPolicyTooLarge,
    /// STS is not activated in the region for the role's account.
    RegionDisabled,
    /// The request rate is too high.
    Throttled,
    /// STS itself failed.
    ServiceFailure,
    /// An unknown error code.
    Unknown,
}

/// A kind of policy that can deny a call (IAM user guide, "Troubleshoot access denied error messages").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Of the organization, for principals in the account.
    ServiceControl,
    /// Of the organization, for resources in the account.
    ResourceControl,
    /// The limit of a role's permissions.
    PermissionsBoundary,
    /// The limit of a session.
    Session,
    /// Attached to the role.
    Identity,
    /// The role's trust policy.
    Trust,
    /// Of the endpoint in the VPC that the call takes.
    VpcEndpoint,
}

/// How messages call the kinds, how we do, and what to do about a denial.
const KINDS: [(&str, PolicyKind, &str, &str); 7] = [
    (
        "service control policy",
        PolicyKind::ServiceControl,
        "a service control policy of the organization",
        "have the administrators of the organization allow the call; no policy of the account can",
    ),
    (
        "resource control policy",
        PolicyKind::ResourceControl,
        "a resource control policy of the organization",
        "have the administrators of the organization allow tokens of this issuer (often a condition such as \
         aws:PrincipalOrgID denies everyone outside); no policy of the account can",
    ),
    (
        "permissions boundary",
        PolicyKind::PermissionsBoundary,
        "the permissions boundary of the role that calls",
        "allow sts:AssumeRole in the permissions boundary of that role",
    ),
    (
        "session policy",
        PolicyKind::Session,
        "the session policy",
        "allow sts:AssumeRole in SESSION_POLICY or SESSION_POLICY_ARNS, which limit the first session",
    ),
    (
        "identity-based policy",
        PolicyKind::Identity,
        "a policy of the role that calls",
        "remove the `Deny`, or allow sts:AssumeRole, in the policies of that role",
    ),
    (
        "resource-based policy",
        PolicyKind::Trust,
        "the trust policy of the role",
        "remove the `Deny` from the role's trust policy, or exclude this caller in its conditions",
    ),
    (
        "VPC endpoint policy",
        PolicyKind::VpcEndpoint,
        "the policy of the VPC endpoint",
        "allow the call in the policy of the VPC endpoint for STS that this runner uses",
    ),
];

impl PolicyKind {
    /// The kind that a message names: `with an explicit deny in a service control policy`, or `because no session policy
    /// allows the … action`. Without one, the trust policy decides as usual.
    fn read(message: &str) -> Option<Self> {
        let (_, reason) = message.split_once("explicit deny in ").or_else(|| message.split_once("because no "))?;
        let kind = KINDS.iter().find(|(name, ..)| reason.contains(name)).map(|(_, kind, ..)| *kind)?;
        let is_missing = !message.contains("explicit deny");
        // That nothing allows the call is what the general explanation is about.
        (!(is_missing && matches!(kind, Self::Trust | Self::Identity))).then_some(kind)
    }

    /// What denies the call.
    pub fn title(self) -> &'static str {
        KINDS.iter().find(|(_, kind, ..)| *kind == self).map_or("", |(_, _, title, _)| title)
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        KINDS.iter().find(|(_, kind, ..)| *kind == self).map_or("", |(.., remedy)| remedy)
    }
}

/// The permission to pass session tags, which both the caller and the role's trust policy must allow (IAM user guide, "Pass
/// session tags in AWS STS").
pub const TAG_SESSION: &str = "sts:TagSession";

/// A row of the table below: code, a part of the message, and what they mean.
struct Row {
    code: &'static str,
    message: &'static str,
    refusal: Refusal,
}

const fn row(code: &'static str, message: &'static str, refusal: Refusal) -> Row {
    Row { code, message, refusal }
}

/// STS's answers, the specific before the general. Codes are those of the STS API reference (`AssumeRoleWithWebIdentity`,
/// common errors); messages as AWS writes them.
static TABLE: [Row; 24] = [
    row("InvalidIdentityToken", "Incorrect token audience", Refusal::AudienceNotRegistered),
    row("InvalidIdentityToken", "No OpenIDConnect provider found", Refusal::ProviderMissing),
    row("InvalidIdentityToken", "not a valid JWT", Refusal::NotAToken),
    row("InvalidIdentityToken", "Couldn't retrieve verification key", Refusal::KeysUnreachable),
    row("InvalidIdentityToken", "doesn't match configured thumbprint", Refusal::Thumbprint),
    row("InvalidIdentityToken", "", Refusal::NotValidated),
    row("ExpiredTokenException", "", Refusal::TokenExpired),
    row("AccessDenied", TAG_SESSION, Refusal::TagsNotAllowed),
    row("AccessDenied", "", Refusal::NotTrusted),
    row("InvalidClientTokenId", "", Refusal::SessionUnknown),
    row("ExpiredToken", "", Refusal::SessionExpired),
    row("IDPCommunicationError", "", Refusal::ProviderUnreachable),
    row("IDPRejectedClaim", "", Refusal::ClaimRejected),
    row("ValidationError", "exceeds the MaxSessionDuration", Refusal::DurationTooLong),
    row("ValidationError", "1 hour session limit for roles assumed by role chaining", Refusal::ChainedDurationTooLong),
    row("ValidationError", "", Refusal::InvalidParameter),
    row("MalformedPolicyDocument", "", Refusal::SessionPolicyMalformed),
    row("PackedPolicyTooLarge", "", Refusal::SessionPolicyTooLarge),
    row("RegionDisabledException", "", Refusal::RegionDisabled),
    row("Throttling", "", Refusal::Throttled),
    row("ThrottlingException", "", Refusal::Throttled),
    row("RequestLimitExceeded", "", Refusal::Throttled),
    row("ServiceUnavailable", "", Refusal::ServiceFailure),
    row("InternalFailure", "", Refusal::ServiceFailure),
];

impl Refusal {
    /// Reads an error response of STS.
    pub fn read(status: u16, code: &str, message: &str) -> Self {
        let known = TABLE.iter().find(|row| row.code == code && message.contains(row.message));
        match known {
            Some(Row { refusal: refusal @ (Self::NotTrusted | Self::TagsNotAllowed), .. }) => {
                PolicyKind::read(message).map_or(*refusal, Self::Denied)
            }
            Some(row) => row.refusal,
            None if status >= 500 => Self::ServiceFailure,
            None if status == 429 => Self::Throttled,
            None => Self::Unknown,
        }
    }

    /// The number of attempts in total. Only temporary failures are retried.
    pub fn attempts(self) -> u32 {
        match self {
            Self::Throttled => 5,
            Self::ServiceFailure | Self::ProviderUnreachable | Self::SessionUnknown => 4,
            // AWS may not have distributed a role or a trust policy that was created a moment ago.
            Self::KeysUnreachable | Self::NotTrusted => 3,
            _ => 1,
        }
    }

    /// The pause after an attempt, where it is not a matter of load: IAM is eventually consistent, within seconds as a rule.
    pub(crate) fn pause(self, attempt: u32) -> Option<Duration> {
        match self {
            Self::NotTrusted => Some(Duration::from_secs(if attempt == 1 { 3 } else { 7 })),
            Self::SessionUnknown => Some(Duration::from_secs(attempt.into())),
            _ => None,
        }
    }

    /// The cause, what AWS compared, and the remedy.
    pub fn explain(self, attempted: &Attempted<'_>) -> Explanation {
        let Attempted { role, claims, region, duration } = *attempted;
        let provider = role.provider_arn(&claims.iss);
        let account = role.account();
        let identity = vec![
            ("role", role.to_string()),
            ("token issuer", claims.iss.clone()),
            ("token audience", claims.aud.to_string()),
            ("token subject", claims.sub.clone()),
        ];
        let with_provider = || identity.iter().cloned().chain([("expected provider", provider.clone())]).collect();
        let (cause, compared, remedy): (&str, Vec<_>, String) = match self {
            Self::AudienceNotRegistered => (
                "the token's audience is not one of the identity provider's client IDs",
                vec![("token audience", claims.aud.to_string()), ("identity provider", provider.clone())],
                format!(
                    "add {} to the provider:\naws iam add-client-id-to-open-id-connect-provider \
                     --open-id-connect-provider-arn {provider} --client-id {}",
                    if claims.aud.iter().count() > 1 { "one of the audiences" } else { "the audience" },
                    claims.aud.iter().next().unwrap_or_default()
                ),
            ),
            Self::ProviderMissing => (
                "the role's account has no identity provider for the token's issuer",
                with_provider(),
                format!(
                    "create the provider in account {account}, with exactly this URL and without a trailing slash:\naws iam \
                     create-open-id-connect-provider --url {} --client-id-list {}",
                    claims.iss,
                    claims.aud.iter().next().unwrap_or_default()
                ),
            ),
            Self::NotAToken => (
                "AWS could not read the token as a JWT",
                identity,
                "pass BITBUCKET_STEP_OIDC_TOKEN unchanged; it must not be truncated, quoted or replaced".to_owned(),
            ),
            Self::KeysUnreachable => (
                "AWS could not fetch the issuer's keys to verify the token",
                with_provider(),
                format!(
                    "run the step again later; if it keeps failing, check that {}/keys.json is reachable from the internet and \
                     that the provider's URL is correct",
                    claims.iss
                ),
            ),
            Self::Thumbprint => (
                "the certificate of the token's issuer does not match the thumbprint of the identity provider",
                with_provider(),
                format!(
                    "AWS does not need a thumbprint for this issuer; recreate the provider {provider} without one, or update \
                     its thumbprint list"
                ),
            ),
            Self::NotValidated => (
                "AWS could not validate the token: its signature does not match its content and issuer",
                identity,
                "pass BITBUCKET_STEP_OIDC_TOKEN unchanged, and run the step again for a new token".to_owned(),
            ),
            Self::TokenExpired => (
                "the token has expired",
                vec![("token valid until", valid_until(claims))],
                "a step gets one token when it starts: move the AWS commands earlier, or into a separate step"
                    .to_owned(),
            ),
            Self::NotTrusted => (
                "the role's trust policy does not allow this token, or the role does not exist",
                with_provider(),
                not_trusted(&provider, claims),
            ),
            Self::TagsNotAllowed => (
                "the session's tags are not allowed",
                vec![("role", role.to_string())],
                format!("allow {TAG_SESSION} together with sts:AssumeRole in the trust policy of {role}"),
            ),
            Self::Denied(kind) => {
                return Explanation {
                    cause: format!("{} denies the call", kind.title()),
                    compared: with_provider(),
                    remedy: kind.remedy().to_owned(),
                };
            }
            Self::SessionUnknown => (
                "AWS does not know the session",
                vec![("role", role.to_string()), ("region", region.to_string())],
                "run the step again; in a region that is not enabled by default, enable it in the account".to_owned(),
            ),
            Self::SessionExpired => (
                "the session that makes the call has expired",
                vec![("role", role.to_string())],
                "run the step again, with a longer SESSION_DURATION if it waits for long".to_owned(),
            ),
            Self::ProviderUnreachable => {
                ("AWS could not reach the token's issuer", identity, "run the step again later".to_owned())
            }
            Self::ClaimRejected => (
                "the token's issuer rejected one of its claims",
                identity,
                "run the step again for a new token".to_owned(),
            ),
            Self::DurationTooLong => (
                "the session duration exceeds the role's maximum",
                vec![("requested", format!("{duration} s")), ("role", role.to_string())],
                format!(
                    "decrease SESSION_DURATION, or increase the role's maximum:\naws iam update-role --role-name {} \
                     --max-session-duration {duration}",
                    role.name()
                ),
            ),
            Self::ChainedDurationTooLong => (
                "role chaining limits the session to one hour",
                vec![("requested", format!("{duration} s")), ("role", role.to_string())],
                "set SESSION_DURATION to 3600 or less, or assume the role directly".to_owned(),
            ),
            Self::InvalidParameter => {
                ("AWS rejected a parameter of the request", identity, "fix the setting that AWS names".to_owned())
            }
            Self::SessionPolicyMalformed => (
                "the session policy is not a valid policy",
                vec![],
                "fix SESSION_POLICY; it must be an IAM policy document in JSON".to_owned(),
            ),
            Self::SessionPolicyTooLarge => (
                "the session policies and tags are too large in total",
                vec![],
                "shorten SESSION_POLICY or SESSION_TAGS, or use fewer SESSION_POLICY_ARNS".to_owned(),
            ),
            Self::RegionDisabled => (
                "STS is not activated in this region for the role's account",
                vec![("region", region.to_string()), ("account", account.to_string())],
                "activate the region in the account (IAM, Account settings, STS), or set AWS_REGION to another region"
                    .to_owned(),
            ),
            Self::Throttled => (
                "AWS is throttling requests from this account",
                vec![("account", account.to_string()), ("region", region.to_string())],
                "run the step again later, or run fewer deployments at the same time".to_owned(),
            ),
            Self::ServiceFailure => (
                "the AWS Security Token Service failed",
                vec![("region", region.to_string())],
                "run the step again; if it keeps failing, see https://health.aws.amazon.com".to_owned(),
            ),
            Self::Unknown => (
                "AWS rejected the session with an unknown error",
                identity,
                "see the STS API reference, AssumeRoleWithWebIdentity, for the code above".to_owned(),
            ),
        };
        Explanation { cause: cause.to_owned(), compared, remedy }
    }
}

/// A trust policy statement that accepts this token, and where AWS logs the call.
fn not_trusted(provider: &str, claims: &Claims) -> String {
    let key = oidc::provider_name(&claims.iss);
    let anchor = claims.sub.rsplit_once(':').map_or(claims.sub.as_str(), |(anchor, _)| anchor);
    let statement = serde_json::json!({
        "Effect": "Allow",
        "Principal": { "Federated": provider },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": { format!("{key}:aud"): claims.aud.iter().next().unwrap_or_default() },
            "StringLike": { format!("{key}:sub"): format!("{anchor}:*") },
        },
    });
    format!(
        "compare the role's trust policy with this statement, which accepts the token (an `aws:SourceIp` condition must include \
         the address of the step); a role or a policy that was changed a moment ago needs up to a minute:\n{statement:#}\n\
         CloudTrail in the role's account has the rejected call: event AssumeRoleWithWebIdentity, error AccessDenied"
    )
}

/// The request to STS, which the explanation of its error refers to.
#[derive(Clone, Copy, Debug)]
pub struct Attempted<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The token's claims.
    pub claims: &'a Claims,
    /// The region of the STS endpoint.
    pub region: &'a Region,
    /// The requested session duration, in seconds.
    pub duration: u32,
}

/// The explanation of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The cause, one sentence without a period.
    pub cause: String,
    /// The values that AWS compared, by name.
    pub compared: Vec<(&'static str, String)>,
    /// The remedy, one or more lines.
    pub remedy: String,
}

/// `2026-11-24T16:42:00Z`
fn valid_until(claims: &Claims) -> String {
    let end = i64::try_from(claims.exp).ok().map(DateTime::from_secs);
    end.and_then(|end| end.fmt(Format::DateTime).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{PolicyKind, Refusal};

    #[test]
    fn answers_are_read_by_code_and_message() {
        for (status, code, message, expected, attempts) in [
            (400, "InvalidIdentityToken", "Incorrect token audience", Refusal::AudienceNotRegistered, 1),
            (
                400,
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for https://i",
                Refusal::ProviderMissing,
                1,
            ),
            (
                400,
                "InvalidIdentityToken",
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
                Refusal::NotAToken,
                1,
            ),
            (
                400,
                "InvalidIdentityToken",
                "Couldn't retrieve verification key from your identity provider,  please reference \
                 AssumeRoleWithWebIdentity documentation for requirements",
                Refusal::KeysUnreachable,
                3,
            ),
            (400, "InvalidIdentityToken", "something new", Refusal::NotValidated, 1),
            (400, "ExpiredTokenException", "Token expired: …", Refusal::TokenExpired, 1),
            (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", Refusal::NotTrusted, 3),
            (
                403,
                "AccessDenied",
                "User: u is not authorized to perform: sts:TagSession on resource: r",
                Refusal::TagsNotAllowed,
                1,
            ),
            (
                403,
                "AccessDenied",
                "User: u is not authorized to perform: sts:TagSession on resource: r with an explicit deny in a service control \
                 policy",
                Refusal::Denied(PolicyKind::ServiceControl),
                1,
            ),
            (
                403,
                "AccessDenied",
                "User: u is not authorized to perform: sts:AssumeRoleWithWebIdentity on resource: r with an explicit deny in a \
                 resource control policy",
                Refusal::Denied(PolicyKind::ResourceControl),
                1,
            ),
            (
                403,
                "AccessDenied",
                "User: u is not authorized to perform: sts:AssumeRole on resource: r with an explicit deny in a service control \
                 policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1",
                Refusal::Denied(PolicyKind::ServiceControl),
                1,
            ),
            (
                403,
                "AccessDenied",
                "User: u is not authorized to perform: sts:AssumeRole on resource: r because no session policy allows the \
                 sts:AssumeRole action",
                Refusal::Denied(PolicyKind::Session),
                1,
            ),
            (
                403,
                "AccessDenied",
                "User: u is not authorized to perform: sts:AssumeRole on resource: r because no identity-based policy allows the \
                 sts:AssumeRole action",
                Refusal::NotTrusted,
                3,
            ),
            (
                403,
                "AccessDenied",
                "… with an explicit deny in a permissions boundary",
                Refusal::Denied(PolicyKind::PermissionsBoundary),
                1,
            ),
            (
                403,
                "AccessDenied",
                "… with an explicit deny in an identity-based policy",
                Refusal::Denied(PolicyKind::Identity),
                1,
            ),
            (
                403,
                "AccessDenied",
                "… with an explicit deny in a resource-based policy",
                Refusal::Denied(PolicyKind::Trust),
                1,
            ),
            (
                403,
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
                Refusal::SessionUnknown,
                4,
            ),
            (400, "ExpiredToken", "The security token included in the request is expired", Refusal::SessionExpired, 1),
            (400, "IDPCommunicationError", "", Refusal::ProviderUnreachable, 4),
            (
                400,
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                Refusal::DurationTooLong,
                1,
            ),
            (400, "ValidationError", "1 validation error detected: …", Refusal::InvalidParameter, 1),
            (400, "Throttling", "Rate exceeded", Refusal::Throttled, 5),
            (503, "", "", Refusal::ServiceFailure, 4),
            (400, "NewCode", "", Refusal::Unknown, 1),
        ] {
            let read = Refusal::read(status, code, message);
            assert_eq!((read, read.attempts()), (expected, attempts), "{code}: {message}");
        }
    }
}
