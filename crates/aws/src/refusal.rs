//! Why STS said no: its codes and messages read into causes, each with what to change.

use aws_smithy_types::date_time::{DateTime, Format};
use keyless_core::{
    aws::{Region, RoleArn},
    oidc::Claims,
};

/// Why STS refused a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token's audience is none of the identity provider's client ids.
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
    /// The token's time is over.
    TokenExpired,
    /// The role's trust policy does not allow this token, or the role does not exist.
    NotTrusted,
    /// AWS could not talk to the issuer.
    ProviderUnreachable,
    /// The issuer rejected a claim.
    ClaimRejected,
    /// The role allows no session that long.
    DurationTooLong,
    /// A role assumed from another role's session lasts an hour at most.
    ChainedDurationTooLong,
    /// A parameter of the call breaks STS's rules.
    InvalidParameter,
    /// A session policy is no valid policy.
    SessionPolicyMalformed,
    /// The session policies together are too large.
    SessionPolicyTooLarge,
    /// STS is switched off in the region for the role's account.
    RegionDisabled,
    /// Too many calls at once.
    Throttled,
    /// STS itself failed.
    ServiceFailure,
    /// An answer that this release does not know.
    Unknown,
}

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
static TABLE: [Row; 21] = [
    row("InvalidIdentityToken", "Incorrect token audience", Refusal::AudienceNotRegistered),
    row("InvalidIdentityToken", "No OpenIDConnect provider found", Refusal::ProviderMissing),
    row("InvalidIdentityToken", "not a valid JWT", Refusal::NotAToken),
    row("InvalidIdentityToken", "Couldn't retrieve verification key", Refusal::KeysUnreachable),
    row("InvalidIdentityToken", "doesn't match configured thumbprint", Refusal::Thumbprint),
    row("InvalidIdentityToken", "", Refusal::NotValidated),
    row("ExpiredTokenException", "", Refusal::TokenExpired),
    row("AccessDenied", "", Refusal::NotTrusted),
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
    /// Reads an error answer of STS.
    pub fn read(status: u16, code: &str, message: &str) -> Self {
        let known = TABLE.iter().find(|row| row.code == code && message.contains(row.message));
        match known {
            Some(row) => row.refusal,
            None if status >= 500 => Self::ServiceFailure,
            None if status == 429 => Self::Throttled,
            None => Self::Unknown,
        }
    }

    /// How often the same call is worth making in all. Only what can pass by itself is tried again.
    pub fn attempts(self) -> u32 {
        match self {
            Self::Throttled => 5,
            Self::ServiceFailure | Self::ProviderUnreachable => 4,
            Self::KeysUnreachable => 3,
            _ => 1,
        }
    }

    /// The cause in one sentence, what AWS compared, and what to change.
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
        let with_provider = || identity.iter().cloned().chain([("looked for", provider.clone())]).collect();
        let (cause, compared, remedy): (&str, Vec<_>, String) = match self {
            Self::AudienceNotRegistered => (
                "the token's audience is not among the client ids of the identity provider",
                vec![("token audience", claims.aud.to_string()), ("identity provider", provider.clone())],
                format!(
                    "add the audience to the provider:\naws iam add-client-id-to-open-id-connect-provider \
                     --open-id-connect-provider-arn {provider} --client-id {}",
                    claims.aud
                ),
            ),
            Self::ProviderMissing => (
                "the role's account has no identity provider for the token's issuer",
                with_provider(),
                format!(
                    "create the provider in account {account}, with exactly this URL and no slash at its end:\naws iam \
                     create-open-id-connect-provider --url {} --client-id-list {}",
                    claims.iss, claims.aud
                ),
            ),
            Self::NotAToken => (
                "AWS could not read the token as a JWT",
                identity,
                "pass BITBUCKET_STEP_OIDC_TOKEN on unchanged; it must not be cut, quoted or replaced".to_owned(),
            ),
            Self::KeysUnreachable => (
                "AWS could not fetch the keys that verify the token",
                with_provider(),
                format!(
                    "this passes by itself when Bitbucket answers again; if it stays, check that {}/keys.json can be read \
                     from the internet and that the provider's URL is right",
                    claims.iss
                ),
            ),
            Self::Thumbprint => (
                "the certificate of the token's issuer does not match the thumbprint of the identity provider",
                with_provider(),
                format!(
                    "AWS needs no thumbprint for this issuer; create the provider {provider} again without one, or update \
                     its thumbprint list"
                ),
            ),
            Self::NotValidated => (
                "AWS could not validate the token: its signature does not belong to its content and issuer",
                identity,
                "pass BITBUCKET_STEP_OIDC_TOKEN on unchanged, and run the step again for a new token".to_owned(),
            ),
            Self::TokenExpired => (
                "the token has expired",
                vec![("token valid until", valid_until(claims))],
                "a step receives one token when it starts: begin the AWS work earlier in the step, or in a separate step"
                    .to_owned(),
            ),
            Self::NotTrusted => (
                "the role's trust policy does not allow this token, or the role does not exist",
                with_provider(),
                not_trusted(&provider, claims),
            ),
            Self::ProviderUnreachable => (
                "AWS could not reach the token's issuer",
                identity,
                "this passes by itself; run the step again".to_owned(),
            ),
            Self::ClaimRejected => (
                "the token's issuer rejected one of its claims",
                identity,
                "run the step again for a new token".to_owned(),
            ),
            Self::DurationTooLong => (
                "the role does not allow a session that long",
                vec![("asked for", format!("{duration} s")), ("role", role.to_string())],
                format!(
                    "lower SESSION_DURATION, or raise the role's maximum:\naws iam update-role --role-name {} \
                     --max-session-duration {duration}",
                    role.name()
                ),
            ),
            Self::ChainedDurationTooLong => (
                "a role assumed from another role's session lasts one hour at most",
                vec![("asked for", format!("{duration} s")), ("role", role.to_string())],
                "set SESSION_DURATION to 3600 or less, or assume the role directly".to_owned(),
            ),
            Self::InvalidParameter => (
                "AWS does not accept a parameter of the call",
                identity,
                "correct the setting that AWS names".to_owned(),
            ),
            Self::SessionPolicyMalformed => (
                "the session policy is not a valid policy",
                vec![],
                "correct SESSION_POLICY; it is an IAM policy document in JSON".to_owned(),
            ),
            Self::SessionPolicyTooLarge => (
                "the session policies are too large together",
                vec![],
                "shorten SESSION_POLICY or name fewer SESSION_POLICY_ARNS".to_owned(),
            ),
            Self::RegionDisabled => (
                "STS is switched off in this region for the role's account",
                vec![("region", region.to_string()), ("account", account.to_string())],
                "switch the region on in the account's settings (IAM, account settings, STS), or set AWS_REGION to another \
                 region"
                    .to_owned(),
            ),
            Self::Throttled => (
                "AWS is receiving too many calls from this account at once",
                vec![("account", account.to_string()), ("region", region.to_string())],
                "run the step again later, or start fewer deployments at the same time".to_owned(),
            ),
            Self::ServiceFailure => (
                "the AWS Security Token Service failed",
                vec![("region", region.to_string())],
                "run the step again; if it stays, look at https://health.aws.amazon.com".to_owned(),
            ),
            Self::Unknown => (
                "AWS refused the session for a reason that this release does not know",
                identity,
                "see the STS API reference, AssumeRoleWithWebIdentity, for the code above".to_owned(),
            ),
        };
        Explanation { cause: cause.to_owned(), compared, remedy }
    }
}

/// The trust policy statement that would allow exactly this token, and where to see what AWS saw.
fn not_trusted(provider: &str, claims: &Claims) -> String {
    let key = claims.iss.strip_prefix("https://").unwrap_or(&claims.iss);
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
        "compare the role's trust policy with this statement, which allows the token (an `aws:SourceIp` condition must list \
         the address that the step calls from):\n{statement:#}\n\
         CloudTrail shows the refused call in the role's account: event AssumeRoleWithWebIdentity, error AccessDenied"
    )
}

/// What was asked of STS: the half of an explanation that its answer does not contain.
#[derive(Clone, Copy, Debug)]
pub struct Attempted<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The token's claims.
    pub claims: &'a Claims,
    /// Where STS was called.
    pub region: &'a Region,
    /// The session's length asked for, in seconds.
    pub duration: u32,
}

/// A refusal for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong, in one sentence without a full stop.
    pub cause: String,
    /// What AWS compared, by name.
    pub compared: Vec<(&'static str, String)>,
    /// What to do, in one or more lines.
    pub remedy: String,
}

/// `2026-11-24T16:42:00Z`
fn valid_until(claims: &Claims) -> String {
    let end = i64::try_from(claims.exp).ok().map(DateTime::from_secs);
    end.and_then(|end| end.fmt(Format::DateTime).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Refusal;

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
            (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", Refusal::NotTrusted, 1),
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
