//! Invalid settings. All of them are collected and reported together.

use keyless_aws::{BundleError, InsecureEndpoint};
use keyless_bitbucket::StepTokenError;
use keyless_core::{
    aws::{
        AccountId, Region, RoleArn, account::AccountIdError, region::RegionError, role::RoleArnError,
        session_name::SessionNameError,
    },
    oidc::{Mismatch, VARIABLE as TOKEN},
    pipes::keyless::Variable,
    spelling::nearest,
};

/// One invalid setting, or a token that cannot be used.
///
/// A message names the variable and what it must be. It never contains the value, which may be a secret in the wrong place; a
/// value is quoted only where it is recognized as a region, or as a part of an ARN.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSetting {
    /// A required variable that is not set under any of its names.
    #[error(
        "{} is not set{}; set it in the repository's or deployment environment's settings, or in the pipe's `variables`",
        .0.name, .0.alias.map(|alias| format!(", and neither is {alias}")).unwrap_or_default()
    )]
    Missing(&'static Variable),
    /// A variable that is not UTF-8.
    #[error("{0} is not valid UTF-8")]
    NotUtf8(String),
    /// A value that is not of the expected form.
    #[error("{variable} must be {expected}")]
    Value {
        /// The variable.
        variable: String,
        /// What it must be, such as `a number from 1 to 64`.
        expected: &'static str,
    },
    /// An item of a list, counted from one, that is not a pair.
    #[error("{0}: item {1} must be `key=value`")]
    Pair(&'static str, usize),
    /// A list of pairs with commas between them.
    #[error("{0}: separate the items by spaces, or use a list; with commas they would be one value")]
    Commas(&'static str),
    /// Not one of the allowed values.
    #[error(
        "invalid value for {variable}; {}allowed: {}",
        nearest.map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default(), allowed.join(", ")
    )]
    Choice {
        /// The variable.
        variable: &'static str,
        /// The allowed values.
        allowed: Vec<&'static str>,
        /// The value that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A quotation mark that is not closed.
    #[error("{0}: unclosed quotation mark")]
    Quotes(&'static str),
    /// The ARN of a role.
    #[error("{}: {}", .0, role_error(.1))]
    Role(&'static str, #[source] RoleArnError),
    /// A region.
    #[error("{}: {}", .0, region_error(.1))]
    Region(&'static str, #[source] RegionError),
    /// Role and region are in different partitions.
    #[error(
        "region `{}` is in partition `{}` ({}), but the role is in `{}` ({}); a session works only within its partition",
        .1, .1.partition(), .1.partition().title, .0.partition(), .0.partition().title
    )]
    Partition(RoleArn, Region),
    /// The certificate authorities cannot be used.
    #[error("AWS_CA_BUNDLE: {0}")]
    Bundle(#[from] BundleError),
    /// An endpoint without encryption.
    #[error(transparent)]
    Endpoint(#[from] InsecureEndpoint),
    /// `TRUST_POLICY: iam` without credentials to call IAM with.
    #[error(
        "`TRUST_POLICY: iam` needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY with permission for iam:GetRole; set them, or \
         set TRUST_POLICY to a file with the policy"
    )]
    NoIamCredentials,
    /// The name of a session.
    #[error("{0}: {1}")]
    SessionName(&'static str, #[source] SessionNameError),
    /// A session policy that has more characters than allowed.
    #[error("{0} must have at most {2} characters, found {1}")]
    PolicyLength(&'static str, usize, usize),
    /// A session policy that is not JSON.
    #[error("{0} is not valid JSON: {1}")]
    PolicyJson(&'static str, #[source] serde_json::Error),
    /// A session policy without statements.
    #[error("{0} is not an IAM policy: missing required key `Statement`")]
    PolicyStatement(&'static str),
    /// More managed session policies than the second number.
    #[error("SESSION_POLICY_ARNS must have at most {1} policies, found {0}")]
    TooManyPolicies(usize, usize),
    /// The id of an account.
    #[error("{}: {}", .0, account_error(.1))]
    Account(&'static str, #[source] AccountIdError),
    /// The role's account is not one of the allowed ones.
    #[error(
        "account {} is not in ALLOWED_ACCOUNT_IDS ({})", .0, .1.iter().map(AccountId::as_str).collect::<Vec<_>>().join(", ")
    )]
    ForbiddenAccount(AccountId, Vec<AccountId>),
    /// A part of what a login to CodeArtifact needs.
    #[error(
        "CODEARTIFACT_DOMAIN, CODEARTIFACT_REPOSITORY and CODEARTIFACT_TOOLS must be set together: set all three or none"
    )]
    IncompleteCodeArtifact,
    /// The step's token.
    #[error("{}", step_token(.0))]
    Token(#[from] StepTokenError),
    /// A token that AWS is certain to refuse.
    #[error("{0}")]
    UnusableToken(Mismatch),
}

impl InvalidSetting {
    /// The variable with the invalid value, if other programs may use its name too: AWS's own names mean the same to all.
    pub(crate) fn shared_name(&self) -> Option<&str> {
        let name = match self {
            Self::Value { variable, .. } => variable.as_str(),
            Self::Choice { variable, .. } => variable,
            Self::Quotes(name)
            | Self::Role(name, _)
            | Self::Region(name, _)
            | Self::Account(name, _)
            | Self::SessionName(name, _)
            | Self::PolicyLength(name, ..)
            | Self::PolicyJson(name, _)
            | Self::PolicyStatement(name) => name,
            _ => return None,
        };
        (!name.starts_with("AWS_") && !name.starts_with("KEYLESS_")).then_some(name)
    }

    /// A value that is not one of the allowed ones.
    pub(crate) fn choice(variable: &'static str, found: &str, allowed: Vec<&'static str>) -> Self {
        let nearest = nearest(found, allowed.iter().copied());
        Self::Choice { variable, allowed, nearest }
    }
}

fn role_error(error: &RoleArnError) -> String {
    match error {
        RoleArnError::NotAnArn { found, .. } if !found.starts_with("arn:") => {
            "the value is not an ARN; a role ARN looks like `arn:aws:iam::123456789012:role/deploy`".to_owned()
        }
        RoleArnError::Unexpanded(found) if !is_name(found.trim_start_matches('$')) => {
            "the value is a string that begins with `$` and not an ARN".to_owned()
        }
        RoleArnError::Account(error) => account_error(error),
        _ => error.to_string(),
    }
}

/// Whether a string is the name of a variable, with or without braces.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(text);
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn region_error(error: &RegionError) -> String {
    match error {
        RegionError::Unknown { nearest: None, .. } => {
            "the value is not an AWS region; a region looks like `eu-west-1`".to_owned()
        }
        _ => error.to_string(),
    }
}

fn account_error(error: &AccountIdError) -> String {
    match error {
        AccountIdError::NotDigits(_) => "an account id is a number of 12 digits".to_owned(),
        AccountIdError::Length(_) => error.to_string(),
    }
}

/// A step with a token in the pipeline file.
const STEP_WITH_TOKEN: [&str; 4] = ["- step:", "    oidc: true", "    script:", "      - pipe: …"];

fn step_token(error: &StepTokenError) -> String {
    match error {
        StepTokenError::Missing => format!(
            "the step has no `oidc: true`, so {TOKEN} is empty; set it on the step itself (not on a stage or at the top \
             level):\n{}",
            STEP_WITH_TOKEN.join("\n")
        ),
        StepTokenError::Invalid(error) => {
            format!("{TOKEN} is not a token: {error}; Bitbucket sets this variable, do not set or change it")
        }
    }
}
