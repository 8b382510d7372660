//! The AWS side of a workspace: the identity provider and the roles, planned once and written in several languages.
//!
//! ```text
//! Setup ─► plan ─► Plan ─► cloudformation | cdk | terraform | commands
//!                      └─► guide (what each statement grants, and what to do next)
//! ```

pub mod cdk;
pub mod cloudformation;
pub mod commands;
mod expression;
pub mod guide;
mod permissions;
pub mod terraform;

use std::fmt;

use ipnet::IpNet;

use crate::{
    iam::{
        document,
        policy::{self, ASSUME_WITH_WEB_IDENTITY},
    },
    oidc::{AUDIENCE, ISSUER},
};

pub use expression::{Expression, Name};
pub use permissions::{Grant, Profile};

/// What a team asks for.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The workspace's name, as in its URL.
    pub workspace: String,
    /// Its UUID; braces are taken off.
    pub workspace_uuid: String,
    /// Who may assume a role: one role each.
    pub subjects: Vec<Subject>,
    /// What the roles may do.
    pub profile: Profile,
    /// A second role for every repository, which may only read, from any of its steps.
    pub with_read_only: bool,
    /// What the roles' names begin with.
    pub prefix: String,
    /// The qualifier of the CDK's bootstrap resources.
    pub qualifier: String,
    /// Where calls must come from; none for anywhere.
    pub addresses: Vec<IpNet>,
    /// Whether the session is bound to the addresses too, not only the exchange of the token.
    pub bind_session: bool,
    /// How long a session may last, in seconds: 3600 to 43200.
    pub session_seconds: u32,
    /// Whether the account has the provider already: there can be one for each URL.
    pub provider_exists: bool,
    /// The account's quota for the length of a trust policy, in characters.
    pub trust_policy_quota: usize,
}

/// Whose tokens a role takes.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The repository's name, for the role's.
    pub repository: String,
    /// Its UUID; braces are put on.
    pub repository_uuid: String,
    /// The deployment environment's name and UUID; all steps of the repository without one.
    pub environment: Option<(String, String)>,
}

/// IAM's quotas for the length of a trust policy: what accounts have, and the most that they can ask for.
pub const TRUST_POLICY_QUOTAS: [usize; 3] = [2048, 4096, 8192];

/// The longest name of a role (IAM quotas).
const ROLE_NAME_LIMIT: usize = 64;

/// What cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// A text that is no UUID.
    NotAUuid {
        /// What it was given for.
        what: String,
        /// The text.
        found: String,
    },
    /// A workspace name that no URL has.
    Workspace(String),
    /// No repository was named.
    NoSubject,
    /// Two roles would have one name.
    DuplicateRole(String),
    /// A role's name is too long.
    RoleName(String),
    /// The bootstrap qualifier is not one.
    Qualifier(String),
    /// The session would be too short or too long, in seconds.
    Session(u32),
    /// The session is to be bound to addresses, and there are none.
    NothingToBind,
    /// The trust policy is longer than the quota.
    TrustPolicy {
        /// The role.
        role: String,
        /// Its policy's characters.
        length: usize,
        /// The quota.
        quota: usize,
        /// How many blocks of addresses it holds.
        addresses: usize,
    },
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUuid { what, found } => write!(
                f,
                "`{found}` is not the UUID of {what}; it looks like {{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}} and stands in the \
                 repository's settings under OpenID Connect"
            ),
            Self::Workspace(found) => {
                write!(
                    f,
                    "`{found}` is not the name of a workspace; allowed: small letters, digits, `_` and `-`, as in its URL"
                )
            }
            Self::NoSubject => f.write_str("no repository is named; a role for the whole workspace is not made"),
            Self::DuplicateRole(name) => {
                write!(f, "two roles would be called `{name}`; give the repositories other names")
            }
            Self::RoleName(name) => {
                write!(f, "the role name `{name}` has {} characters, and IAM takes {ROLE_NAME_LIMIT}", name.len())
            }
            Self::Qualifier(found) => {
                write!(f, "`{found}` is not a bootstrap qualifier; allowed: one to ten letters, digits, `_` and `-`")
            }
            Self::Session(found) => {
                write!(f, "a session of {found} seconds cannot be had; IAM takes 3600 (1 h) to 43200 (12 h)")
            }
            Self::NothingToBind => {
                f.write_str("the session cannot be bound to source addresses without a list of them")
            }
            Self::TrustPolicy { role, length, quota, addresses } => {
                write!(f, "the trust policy of `{role}` would have {length} characters, and the quota is {quota}: ")?;
                write!(f, "{addresses} blocks of addresses are too many; ")?;
                match TRUST_POLICY_QUOTAS.iter().find(|larger| *larger >= length) {
                    Some(larger) => write!(
                        f,
                        "shorten the list, or have the quota raised to {larger} (Service Quotas, IAM, \"Role trust policy length\")"
                    ),
                    None => f.write_str("shorten the list; no quota is large enough"),
                }
            }
        }
    }
}

impl std::error::Error for SetupError {}

/// What will be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The issuer's URL without `https://`.
    pub issuer: String,
    /// The audience of the workspace's tokens.
    pub audience: String,
    /// Whether the account has the provider already.
    pub provider_exists: bool,
    /// Whether calls must come from listed addresses.
    pub from_addresses: bool,
    /// The roles, in the order of the subjects.
    pub roles: Vec<Role>,
}

/// One role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name in templates: letters and digits.
    pub logical_id: String,
    /// Its name in IAM.
    pub name: String,
    /// What it is for, in one line.
    pub description: String,
    /// Whose tokens it takes.
    pub subject: String,
    /// The repository's name, and the environment's where there is one.
    pub used_by: (String, Option<String>),
    /// Who may assume it.
    pub trust: Expression,
    /// Its characters as IAM counts them.
    pub trust_length: usize,
    /// What it may do.
    pub profile: Profile,
    /// The statements of its permissions.
    pub grants: Vec<Grant>,
    /// How long a session may last, in seconds.
    pub session_seconds: u32,
}

impl Role {
    /// Its permissions as a policy document.
    pub fn permissions(&self) -> Expression {
        let statements = self.grants.iter().map(Grant::statement).collect();
        Expression::object([("Version", "2012-10-17".into()), ("Statement", Expression::List(statements))])
    }
}

/// The name of the inline policy of every role.
pub const POLICY_NAME: &str = "keyless";

/// Works out what a setup needs.
///
/// # Errors
/// [`SetupError`] for the first thing that cannot be.
pub fn plan(setup: &Setup) -> Result<Plan, SetupError> {
    let workspace = &setup.workspace;
    let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if workspace.is_empty() || !workspace.bytes().all(named) {
        return Err(SetupError::Workspace(workspace.clone()));
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !(1..=10).contains(&setup.qualifier.len()) || !setup.qualifier.bytes().all(word) {
        return Err(SetupError::Qualifier(setup.qualifier.clone()));
    }
    if !(3600..=43_200).contains(&setup.session_seconds) {
        return Err(SetupError::Session(setup.session_seconds));
    }
    if setup.bind_session && setup.addresses.is_empty() {
        return Err(SetupError::NothingToBind);
    }
    let issuer = format!("{}{workspace}{}", ISSUER.0, ISSUER.1);
    let audience = format!("{AUDIENCE}{}", uuid(&setup.workspace_uuid, "the workspace")?);
    let mut plan = Plan {
        issuer,
        audience,
        provider_exists: setup.provider_exists,
        from_addresses: !setup.addresses.is_empty(),
        roles: Vec::new(),
    };
    for subject in &setup.subjects {
        let role = role(setup, &plan, subject, setup.profile)?;
        plan.roles.push(role);
    }
    if setup.with_read_only {
        let mut seen: Vec<&str> = Vec::new();
        for subject in &setup.subjects {
            if !seen.contains(&subject.repository_uuid.as_str()) {
                seen.push(&subject.repository_uuid);
                let whole = Subject { environment: None, ..subject.clone() };
                let role = role(setup, &plan, &whole, Profile::ReadOnly)?;
                plan.roles.push(role);
            }
        }
    }
    if plan.roles.is_empty() {
        return Err(SetupError::NoSubject);
    }
    for (at, role) in plan.roles.iter().enumerate() {
        if plan.roles[..at].iter().any(|other| other.name == role.name || other.logical_id == role.logical_id) {
            return Err(SetupError::DuplicateRole(role.name.clone()));
        }
    }
    Ok(plan)
}

fn role(setup: &Setup, plan: &Plan, subject: &Subject, profile: Profile) -> Result<Role, SetupError> {
    let repository = &subject.repository;
    let repository_uuid = uuid(&subject.repository_uuid, &format!("the repository {repository}"))?;
    let (pattern, description) = match &subject.environment {
        None => (format!("{{{repository_uuid}}}:*"), format!("Bitbucket Pipelines: every step of {repository}")),
        Some((name, environment)) => (
            format!("{{{repository_uuid}}}:{{{}}}:*", uuid(environment, &format!("the environment {name}"))?),
            format!("Bitbucket Pipelines: deployments of {repository} to {name}"),
        ),
    };
    let environment = subject.environment.as_ref().map(|(name, _)| name.clone());
    let mut parts = vec![setup.prefix.as_str(), repository];
    parts.extend(environment.as_deref());
    if profile == Profile::ReadOnly && setup.profile != Profile::ReadOnly {
        parts.push("read-only");
    }
    let name = parts.iter().map(|part| sanitized(part)).collect::<Vec<_>>().join("-");
    if name.len() > ROLE_NAME_LIMIT {
        return Err(SetupError::RoleName(name));
    }
    let trust = trust(setup, plan, &pattern);
    let trust_length = measured(&trust);
    if trust_length > setup.trust_policy_quota {
        let (length, quota, addresses) = (trust_length, setup.trust_policy_quota, setup.addresses.len());
        return Err(SetupError::TrustPolicy { role: name, length, quota, addresses });
    }
    Ok(Role {
        logical_id: logical_id(&parts[1..]),
        name,
        description,
        subject: pattern,
        used_by: (repository.clone(), environment),
        trust,
        trust_length,
        profile,
        grants: permissions::grants(profile, setup),
        session_seconds: setup.session_seconds,
    })
}

fn trust(setup: &Setup, plan: &Plan, subject: &str) -> Expression {
    let key = |claim: &str| format!("{}:{claim}", plan.issuer);
    let mut conditions = vec![
        ("StringEquals".to_owned(), Expression::object([(key("aud"), plan.audience.as_str().into())])),
        ("StringLike".to_owned(), Expression::object([(key("sub"), subject.into())])),
    ];
    if !setup.addresses.is_empty() {
        conditions.push(("IpAddress".to_owned(), Expression::object([("aws:SourceIp", addresses(setup))])));
    }
    let provider =
        if plan.provider_exists { provider_arn(&plan.issuer) } else { Expression::text("").name(Name::Provider) };
    let statement = Expression::object([
        ("Effect", "Allow".into()),
        ("Principal", Expression::object([("Federated", provider)])),
        ("Action", ASSUME_WITH_WEB_IDENTITY.into()),
        ("Condition", Expression::Object(conditions)),
    ]);
    Expression::object([("Version", "2012-10-17".into()), ("Statement", Expression::List(vec![statement]))])
}

/// The ARN of the provider of an issuer.
fn provider_arn(issuer: &str) -> Expression {
    Expression::text("arn:")
        .name(Name::Partition)
        .then(":iam::")
        .name(Name::Account)
        .then(":oidc-provider/")
        .then(issuer)
}

fn addresses(setup: &Setup) -> Expression {
    Expression::List(setup.addresses.iter().map(|block| block.to_string().as_str().into()).collect())
}

/// The length of a document with the longest ARN that its names can stand for.
fn measured(document: &Expression) -> usize {
    let json = document.json(&|name| match name {
        Name::Account => "123456789012".to_owned(),
        Name::Partition => "aws-us-gov".to_owned(),
        Name::Provider => {
            "x".repeat("arn:aws-us-gov:iam::123456789012:oidc-provider/".len() + document.issuer_length())
        }
    });
    document::parse(&json.to_string()).map_or(usize::MAX, |node| policy::length(&node))
}

/// A UUID without its braces, in small letters as Bitbucket writes them.
fn uuid(text: &str, what: &str) -> Result<String, SetupError> {
    let bare = text.trim().trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase();
    if crate::iam::trust::is_uuid(&bare) {
        Ok(bare)
    } else {
        Err(SetupError::NotAUuid { what: what.to_owned(), found: text.to_owned() })
    }
}

/// A part of a role's name: characters that IAM does not take become dashes.
fn sanitized(part: &str) -> String {
    part.chars().map(|c| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' }).collect()
}

/// `web`, `production` → `WebProductionRole`.
fn logical_id(parts: &[&str]) -> String {
    let words = parts.iter().flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    let mut id: String =
        words.filter(|word| !word.is_empty()).map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
    id.push_str("Role");
    id
}
