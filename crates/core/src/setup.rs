//! The AWS side of a workspace: the identity provider and the roles, planned once and written in several formats.
//!
//! ```text
//! Setup ─► plan ─► Plan ─► Format: cloudformation | cdk | terraform | commands
//!                      └─► guide (what each statement grants, and what to do next)
//! ```

pub mod cdk;
pub mod cloudformation;
pub mod commands;
mod expression;
mod format;
pub mod guide;
mod permissions;
pub mod terraform;

use ipnet::IpNet;

use crate::{
    iam::{
        document,
        policy::{self, ASSUME_WITH_WEB_IDENTITY, Effect},
    },
    oidc::{Issuer, Uuid, UuidError, default_audience},
};

pub use expression::{Expression, Name};
pub use format::{Format, WriteError};
pub use permissions::{Grant, Profile};

/// The options of a setup.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The workspace's name, as in its URL.
    pub workspace: String,
    /// Its UUID, with or without braces.
    pub workspace_uuid: String,
    /// The repositories and environments that get a role each.
    pub subjects: Vec<Subject>,
    /// The permissions of the roles.
    pub profile: Profile,
    /// Whether every repository gets a second, read-only role that all its steps can assume.
    pub with_read_only: bool,
    /// Environments that get a read-only role each, which only their deployments can assume.
    pub read_only: Vec<Subject>,
    /// The other accounts that the roles deploy to: they may assume the roles of the bootstrap stacks there.
    pub deploy_accounts: Vec<String>,
    /// The ARN of the managed policy that limits the permissions of the roles.
    pub permissions_boundary: Option<String>,
    /// The path of the roles, such as `/ci/`.
    pub role_path: String,
    /// The image of the deploy pipe, without `docker://`.
    pub pipe: Option<String>,
    /// The prefix of the role names.
    pub prefix: String,
    /// The qualifier of the CDK bootstrap resources.
    pub qualifier: String,
    /// The source addresses that the roles accept; empty for any.
    pub addresses: Vec<IpNet>,
    /// Whether the addresses restrict the session too, not only the exchange of the token.
    pub bind_session: bool,
    /// The maximum session duration, in seconds: 3600 to 43200.
    pub session_seconds: u32,
    /// Whether the account already has the identity provider: there can be one for each URL.
    pub provider_exists: bool,
    /// The account's quota for the length of a trust policy, in characters.
    pub trust_policy_quota: usize,
}

/// The tokens that a role accepts.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The repository's name, used in the role's name.
    pub repository: String,
    /// Its UUID, with or without braces.
    pub repository_uuid: String,
    /// The deployment environment's name and UUID. Without one, the role accepts all steps of the repository.
    pub environment: Option<(String, String)>,
}

/// IAM's quotas for the length of a trust policy: the default first, then what accounts can request.
pub const TRUST_POLICY_QUOTAS: [usize; 3] = [2048, 4096, 8192];

/// The longest name of a role (IAM quotas).
const ROLE_NAME_LIMIT: usize = 64;

/// The longest path of a role (`CreateRole`).
const PATH_LIMIT: usize = 512;

/// Why a setup is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// An invalid UUID.
    #[error("invalid UUID of {of}: {error}; the repository's settings show it under OpenID Connect")]
    Uuid {
        /// What it was given for.
        of: String,
        /// What is wrong with it.
        error: UuidError,
    },
    /// A workspace name that cannot be in a URL.
    #[error("`{0}` is not the name of a workspace; use lower-case letters, digits, `_` and `-`, as in its URL")]
    Workspace(String),
    /// No repository is named.
    #[error("no repository is given; a role for the whole workspace is not supported")]
    NoSubject,
    /// Two roles would have the same name.
    #[error("two roles would be named `{0}`; use different names for the repositories")]
    DuplicateRole(String),
    /// A role's name is too long.
    #[error("the role name `{name}` has {length} characters; IAM allows {ROLE_NAME_LIMIT}", name = .0, length = .0.len())]
    RoleName(String),
    /// An invalid bootstrap qualifier.
    #[error("`{0}` is not a bootstrap qualifier; use one to ten letters, digits, `_` and `-`")]
    Qualifier(String),
    /// The session would be too short or too long, in seconds.
    #[error("the session duration must be between 3600 (1 h) and 43200 (12 h) seconds, found {0}")]
    Session(u32),
    /// The session is to be restricted to source addresses, and none are given.
    #[error("the session cannot be restricted to source addresses: none are given")]
    NothingToBind,
    /// An account ID that is none.
    #[error("`{0}` is not an account ID; use 12 digits")]
    Account(String),
    /// A permissions boundary that is not the ARN of a policy.
    #[error("`{0}` is not the ARN of a managed policy, such as `arn:aws:iam::123456789012:policy/boundary`")]
    Boundary(String),
    /// A path that IAM rejects.
    #[error("`{0}` is not the path of a role; it must begin and end with `/`, such as `/ci/`")]
    Path(String),
    /// A name of an image that nobody can pull.
    #[error(
        "`{0}` is not the name of an image; use the image that you published, such as `registry.example/keyless-pipe:1.0.0`"
    )]
    Pipe(String),
    /// The trust policy exceeds the quota.
    #[error(
        "the trust policy of `{role}` would have {length} characters, but the quota is {quota}: {addresses} address blocks are \
         too many; {}", larger_quota(*length)
    )]
    TrustPolicy {
        /// The role.
        role: String,
        /// The characters of its policy.
        length: usize,
        /// The quota.
        quota: usize,
        /// How many address blocks the policy has.
        addresses: usize,
    },
}

fn larger_quota(length: usize) -> String {
    match TRUST_POLICY_QUOTAS.iter().find(|larger| **larger >= length) {
        Some(larger) => format!(
            "shorten the list, or request a quota of {larger} (Service Quotas, IAM, \"Role trust policy length\")"
        ),
        None => "shorten the list; the largest quota is too small".to_owned(),
    }
}

/// The resources to create.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The issuer's URL without `https://`.
    pub issuer: String,
    /// The audience of the workspace's tokens.
    pub audience: String,
    /// Whether the account already has the identity provider.
    pub provider_exists: bool,
    /// Whether the roles accept listed source addresses only.
    pub from_addresses: bool,
    /// The other accounts that the roles deploy to.
    pub deploy_accounts: Vec<String>,
    /// The qualifier of the CDK bootstrap resources.
    pub qualifier: String,
    /// The image of the deploy pipe, without `docker://`.
    pub pipe: Option<String>,
    /// The roles, in the order of the subjects.
    pub roles: Vec<Role>,
}

/// A role to create.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its logical ID in templates: letters and digits.
    pub logical_id: String,
    /// Its name in IAM.
    pub name: String,
    /// Its path, such as `/ci/`.
    pub path: String,
    /// The ARN of its permissions boundary.
    pub permissions_boundary: Option<String>,
    /// Its description, one line.
    pub description: String,
    /// The subject that it accepts, as a pattern.
    pub subject: String,
    /// The names of the repository and of the environment, if any.
    pub used_by: (String, Option<String>),
    /// Its trust policy.
    pub trust: Expression,
    /// The length of the trust policy, in characters as IAM counts them.
    pub trust_length: usize,
    /// Its permissions.
    pub profile: Profile,
    /// The statements of its permissions policy.
    pub grants: Vec<Grant>,
    /// The maximum session duration, in seconds.
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

/// The qualifier of bootstrap stacks without another (`cdk bootstrap`).
pub const DEFAULT_QUALIFIER: &str = "hnb659fds";

/// The path of roles without another; it is not written.
pub(crate) const ROOT: &str = "/";

/// Plans the resources of a setup.
///
/// # Errors
/// [`SetupError`] for the first problem.
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
    checked(setup)?;
    if setup.bind_session && setup.addresses.is_empty() {
        return Err(SetupError::NothingToBind);
    }
    let issuer = Issuer::of_workspace(workspace).map_err(|_| SetupError::Workspace(workspace.clone()))?.provider_name();
    let audience = default_audience(uuid(&setup.workspace_uuid, "the workspace")?);
    let mut plan = Plan {
        issuer,
        audience,
        provider_exists: setup.provider_exists,
        from_addresses: !setup.addresses.is_empty(),
        deploy_accounts: setup.deploy_accounts.clone(),
        qualifier: setup.qualifier.clone(),
        pipe: setup.pipe.clone(),
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
    for subject in &setup.read_only {
        let role = role(setup, &plan, subject, Profile::ReadOnly)?;
        plan.roles.push(role);
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

/// The options that are written into every role.
fn checked(setup: &Setup) -> Result<(), SetupError> {
    let is_account = |account: &str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(account) = setup.deploy_accounts.iter().find(|account| !is_account(account)) {
        return Err(SetupError::Account(account.clone()));
    }
    if let Some(boundary) = &setup.permissions_boundary {
        let parts: Vec<&str> = boundary.splitn(6, ':').collect();
        let sound = matches!(parts[..], ["arn", partition, "iam", "", account, policy]
            if partition.starts_with("aws") && (account == "aws" || is_account(account)) && is_name(policy, "policy/"));
        if !sound {
            return Err(SetupError::Boundary(boundary.clone()));
        }
    }
    let path = &setup.role_path;
    let printable =
        path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'"' | b'\\' | b'`' | b'$'));
    if !path.starts_with('/') || !path.ends_with('/') || path.contains("//") || path.len() > PATH_LIMIT || !printable {
        return Err(SetupError::Path(path.clone()));
    }
    if let Some(pipe) = &setup.pipe {
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/:@".contains(&byte) || byte.is_ascii_uppercase()
        };
        if pipe.is_empty() || !pipe.bytes().all(plain) || pipe.starts_with(['/', ':', '@']) {
            return Err(SetupError::Pipe(pipe.clone()));
        }
    }
    Ok(())
}

/// Whether a resource is `kind` with a name in which nothing needs quoting.
fn is_name(resource: &str, kind: &str) -> bool {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@/-".contains(&byte);
    resource.strip_prefix(kind).is_some_and(|name| !name.is_empty() && name.bytes().all(named))
}

fn role(setup: &Setup, plan: &Plan, subject: &Subject, profile: Profile) -> Result<Role, SetupError> {
    let repository = &subject.repository;
    let repository_uuid = uuid(&subject.repository_uuid, &format!("repository {repository}"))?;
    let (pattern, description) = match &subject.environment {
        None => (format!("{repository_uuid}:*"), format!("Bitbucket Pipelines: every step of {repository}")),
        Some((name, environment)) => (
            format!("{repository_uuid}:{}:*", uuid(environment, &format!("environment {name}"))?),
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
        path: setup.role_path.clone(),
        permissions_boundary: setup.permissions_boundary.clone(),
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
        ("Effect", Effect::Allow.name().into()),
        ("Principal", Expression::object([("Federated", provider)])),
        ("Action", ASSUME_WITH_WEB_IDENTITY.into()),
        ("Condition", Expression::Object(conditions)),
    ]);
    Expression::object([("Version", "2012-10-17".into()), ("Statement", Expression::List(vec![statement]))])
}

/// The ARN of an issuer's provider.
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

/// The length of a document with the longest ARNs that its placeholders can become.
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

fn uuid(text: &str, of: &str) -> Result<Uuid, SetupError> {
    Uuid::parse(text).map_err(|error| SetupError::Uuid { of: of.to_owned(), error })
}

/// A part of a role's name, with dashes for characters that IAM does not allow.
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
