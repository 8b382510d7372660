//! Invalid settings. All of them are collected and reported together.

use keyless_aws::{BundleError, InsecureEndpoint};
use keyless_bitbucket::StepTokenError;
use keyless_core::{
    aws::{
        AccountId, Region, RoleArn, account::AccountIdError, region::RegionError, role::RoleArnError,
        session_name::SessionNameError,
    },
    oidc::{Mismatch, VARIABLE as TOKEN},
    pipes::keyless::{IAM_WITH_STORED_KEYS, SESSION_TAGS, TRANSITIVE_TAG_KEYS, Variable},
    spelling::nearest,
};

/// The longest key of a session tag, in characters (STS API reference, `Tag`).
pub(crate) const TAG_KEY_LENGTH: usize = 128;
/// The longest value of a session tag, in characters (STS API reference, `Tag`).
pub(crate) const TAG_VALUE_LENGTH: usize = 256;

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
    /// A variable whose value is another variable that is not set.
    #[error("{variable}: it is the literal string `{reference}`: no variable of that name is set for this step")]
    Literal {
        /// The variable.
        variable: String,
        /// What it was set to.
        reference: String,
    },
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
        "`TRUST_POLICY: iam` needs AWS credentials with permission for iam:GetRole in AWS_ACCESS_KEY_ID, \
         AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; set TRUST_POLICY to a file with the policy, which needs none"
    )]
    NoIamCredentials,
    /// `TRUST_POLICY: iam` with an access key that does not expire.
    #[error(
        "`TRUST_POLICY: iam` would read the policy with a stored access key; set TRUST_POLICY to a file with the policy, which \
         needs no key, or to {IAM_WITH_STORED_KEYS} to confirm that the key is meant for this and allowed nothing but iam:GetRole"
    )]
    StoredKeys,
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
    /// More session tags than the second number.
    #[error("SESSION_TAGS must have at most {1} tags, found {0}")]
    TooManyTags(usize, usize),
    /// A session tag, by its item counted from one, that AWS rejects.
    #[error("SESSION_TAGS: item {0} {1}")]
    SessionTag(usize, #[source] TagError),
    /// A transitive key, by its item counted from one, without a tag.
    #[error("TRANSITIVE_TAG_KEYS: item {0} is not a key of SESSION_TAGS")]
    TransitiveTagKey(usize),
    /// Session tags and no role whose session could have them.
    #[error(
        "SESSION_TAGS needs ROLE_CHAIN: AssumeRoleWithWebIdentity, which assumes the first role, takes no tags; set ROLE_CHAIN to \
         the role whose session gets the tags"
    )]
    TagsWithoutChain,
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

/// Why AWS rejects a session tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// The key has this many characters.
    #[error("has a key of {0} characters; AWS allows at most {TAG_KEY_LENGTH}")]
    KeyLength(usize),
    /// The value has this many characters.
    #[error("has a value of {0} characters; AWS allows at most {TAG_VALUE_LENGTH}")]
    ValueLength(usize),
    /// A character that tags cannot have.
    #[error("contains `{}`; tags may contain letters, digits, spaces and _ . : / = + - @", .0.escape_default())]
    Character(char),
    /// A key that only AWS may use.
    #[error("has a key that begins with `aws:`, which is reserved for AWS")]
    Reserved,
    /// The key of an earlier item, counted from one.
    #[error("has the same key as item {0}; upper and lower case make no difference")]
    Duplicate(usize),
}

impl InvalidSetting {
    /// The variable with the invalid value, if other programs may use its name too: AWS's own names mean the same to all.
    pub(crate) fn shared_name(&self) -> Option<&str> {
        let name = match self {
            Self::Value { variable, .. } | Self::Literal { variable, .. } => variable.as_str(),
            Self::Choice { variable, .. } => variable,
            Self::Quotes(name)
            | Self::Role(name, _)
            | Self::Region(name, _)
            | Self::Account(name, _)
            | Self::SessionName(name, _)
            | Self::PolicyLength(name, ..)
            | Self::PolicyJson(name, _)
            | Self::PolicyStatement(name)
            | Self::Pair(name, _)
            | Self::Commas(name) => name,
            Self::TooManyTags(..) | Self::SessionTag(..) | Self::TagsWithoutChain => SESSION_TAGS.name,
            Self::TransitiveTagKey(_) => TRANSITIVE_TAG_KEYS.name,
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
