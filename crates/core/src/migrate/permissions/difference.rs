//! Statements of a user that a role cannot use, or that mean something else for a role session.

use std::fmt;

use super::{Policy, UserPermissions, effect, matches_action, strings};
use crate::iam::{
    document::{Node, Value},
    policy::Effect,
};

/// A statement that is not the same for a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where it is, such as ``statement `Own` of inline policy `deploy` ``.
    pub place: String,
    /// The condition key, variable or action in question.
    pub found: String,
    /// Why it differs.
    pub cause: Cause,
    /// What to do instead.
    pub instead: String,
}

/// Why a statement differs (IAM User Guide, `reference_policies_condition-keys` and `id_credentials_temp_request`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `aws:username` is a key of users only.
    UserName,
    /// `aws:userid` has another form.
    UserId,
    /// A role has neither a password nor access keys nor MFA devices.
    OwnCredentials,
    /// The session of a token has no MFA information.
    MultiFactor,
    /// `aws:PrincipalArn` is the role.
    PrincipalArn,
    /// `aws:PrincipalType` is another.
    PrincipalType,
    /// Role sessions cannot call it.
    SessionToken,
    /// The target's trust policy names the user.
    AssumedRole,
}

impl Cause {
    /// Why the statement differs, as a clause about what was found.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::UserName => "is not set in a role session",
            Self::UserId => "of a role session is `ROLE-ID:SESSION-NAME`",
            Self::OwnCredentials => "is about the user itself, and a role has no password, access keys or MFA devices",
            Self::MultiFactor => "is not set in a session that a token started",
            Self::PrincipalArn => "of a role session is the ARN of the role",
            Self::PrincipalType => "of a role session is `AssumedRole`",
            Self::SessionToken => "cannot be called with a role session",
            Self::AssumedRole => "depends on the trust policy of the target, which may name the user",
        }
    }
}

/// In one line: where, what was found, why it differs and what to do.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, found, cause, instead } = self;
        write!(f, "{place}: `{found}` {}; {instead}", cause.reason())
    }
}

/// Condition keys, which may be policy variables too, and why they differ.
const KEYS: [(&str, Cause); 6] = [
    ("aws:username", Cause::UserName),
    ("aws:userid", Cause::UserId),
    ("aws:MultiFactorAuthPresent", Cause::MultiFactor),
    ("aws:MultiFactorAuthAge", Cause::MultiFactor),
    ("aws:PrincipalArn", Cause::PrincipalArn),
    ("aws:PrincipalType", Cause::PrincipalType),
];

/// Actions on the caller's own credentials, if the statement means the user itself.
const OWN_CREDENTIALS: [&str; 12] = [
    "iam:ChangePassword",
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:ListAccessKeys",
    "iam:UpdateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:EnableMFADevice",
    "iam:DeactivateMFADevice",
    "iam:ResyncMFADevice",
    "iam:ListMFADevices",
    "iam:GetUser",
];

/// The first of them has no other meaning: it takes no user name.
const CHANGE_PASSWORD: &str = OWN_CREDENTIALS[0];

/// Actions that AWS refuses for temporary credentials (`id_credentials_temp_request`, "Comparing the AWS STS API operations").
const SESSION_TOKENS: [&str; 2] = ["sts:GetSessionToken", "sts:GetFederationToken"];

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// What differs in the statements of a policy.
pub(super) fn differences(user: &UserPermissions, policy: &Policy) -> Vec<Difference> {
    let mut all = Vec::new();
    for (number, statement) in policy.statements().iter().enumerate() {
        let name = statement.get("Sid").and_then(Node::as_str).filter(|sid| !sid.is_empty());
        let name = name.map_or_else(|| format!("statement {}", number + 1), |sid| format!("statement `{sid}`"));
        let place = format!("{name} of {}", policy.label);
        let mut add = |found: &str, cause: Cause| {
            let instead = instead(user, statement, cause);
            let difference = Difference { place: place.clone(), found: found.to_owned(), cause, instead };
            if !all.contains(&difference) {
                all.push(difference);
            }
        };
        for (key, cause) in KEYS {
            if tests(statement, key) || mentions(statement, key) {
                add(key, cause);
            }
        }
        for pattern in strings(statement, "Action").filter(|pattern| is_of_service(pattern)) {
            if OWN_CREDENTIALS.iter().any(|action| is_own(user, statement, pattern, action)) {
                add(pattern, Cause::OwnCredentials);
            }
            if SESSION_TOKENS.iter().any(|action| matches_action(pattern, action)) {
                add(pattern, Cause::SessionToken);
            } else if effect(statement) == Some(Effect::Allow) && matches_action(pattern, ASSUME_ROLE) {
                add(pattern, Cause::AssumedRole);
            }
        }
    }
    all
}

/// Whether a pattern names the service and a part of the action: `*` and `iam:*` are not about anything in particular.
fn is_of_service(pattern: &str) -> bool {
    pattern.split_once(':').is_some_and(|(service, action)| service != "*" && action != "*")
}

fn is_own(user: &UserPermissions, statement: &Node, pattern: &str, action: &str) -> bool {
    let own = strings(statement, "Resource").any(|resource| {
        resource == user.arn || resource.to_ascii_lowercase().contains("${aws:username") && resource.contains(":user/")
    });
    matches_action(pattern, action) && (own || action == CHANGE_PASSWORD)
}

/// Whether a statement has a condition on a key.
fn tests(statement: &Node, key: &str) -> bool {
    let operators = statement.get("Condition").map_or(&[][..], Node::members);
    operators.iter().flat_map(|operator| operator.value.members()).any(|own| own.key.eq_ignore_ascii_case(key))
}

/// Whether a statement has a key as a policy variable, such as `${aws:username}`.
fn mentions(statement: &Node, key: &str) -> bool {
    fn any(node: &Node, is_it: &dyn Fn(&str) -> bool) -> bool {
        match &node.value {
            Value::String(text) => is_it(text),
            Value::List(items) => items.iter().any(|item| any(item, is_it)),
            Value::Object(members) => members.iter().any(|member| any(&member.value, is_it)),
            _ => false,
        }
    }
    // A default follows the name after a comma: `${aws:username, 'nobody'}`.
    let variable = format!("${{{}", key.to_ascii_lowercase());
    let is_variable = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.match_indices(&variable).any(|(at, found)| text[at + found.len()..].starts_with(['}', ',', ' ']))
    };
    ["Resource", "NotResource", "Condition"]
        .iter()
        .filter_map(|name| statement.get(name))
        .any(|it| any(it, &is_variable))
}

fn instead(user: &UserPermissions, statement: &Node, cause: Cause) -> String {
    match cause {
        Cause::UserName => {
            format!("use the literal name `{}`, or a tag of the role as `${{aws:PrincipalTag/…}}`", user.name)
        }
        Cause::UserId => "match `ROLE-ID:*` with the id of the role".to_owned(),
        Cause::OwnCredentials => "leave it out".to_owned(),
        Cause::MultiFactor => "check what the condition protects, and remove it for the role".to_owned(),
        Cause::PrincipalArn => "use the ARN of the role".to_owned(),
        Cause::PrincipalType => "use `AssumedRole`".to_owned(),
        Cause::SessionToken => "leave it out: the step's session is temporary already".to_owned(),
        Cause::AssumedRole => {
            let targets: Vec<_> = strings(statement, "Resource").filter(|resource| *resource != "*").collect();
            let of = if targets.is_empty() { "the targets".to_owned() } else { targets.join(", ") };
            format!("let the trust policy of {of} accept the new role; a session of a session lasts at most one hour")
        }
    }
}
