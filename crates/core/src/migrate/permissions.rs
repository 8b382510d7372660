//! The permissions of an IAM user as permissions of a role: the same policies, within the limits of a role.
//!
//! ```text
//! UserPermissions ─► fit ─────────► policies of the role
//!                 ├► differences ─► statements that a role cannot use, or that mean something else there
//!                 └► reminders ───► policies elsewhere that may name the user
//! ```
//!
//! Sources are the pages of the IAM User Guide `reference_iam-quotas` and `reference_policies_condition-keys`:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/>.

mod difference;
mod fit;
mod reminder;

use std::fmt::Write as _;

use crate::{
    iam::{
        document::{self, Node, NotJson},
        policy::Effect,
        text::{Pattern, Syntax, Text, Variable},
        truth::Truth,
    },
    text::Span,
};

pub use difference::{Cause, Difference};
pub use fit::{INLINE_LIMIT, MANAGED_LIMIT, POLICY_LIMIT};
pub use reminder::Reminder;

/// What an IAM user is allowed to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserPermissions {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its managed policies.
    pub attached: Vec<ManagedPolicy>,
    /// Its inline policies.
    pub inline: Vec<InlinePolicy>,
    /// The groups that it belongs to.
    pub groups: Vec<Group>,
    /// The managed policy that limits its permissions.
    pub boundary: Option<ManagedPolicy>,
    /// Its tags: keys and values.
    pub tags: Vec<(String, String)>,
}

/// A managed policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: String,
    /// The document of its default version, as JSON.
    pub document: String,
}

/// A policy with a name only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InlinePolicy {
    /// Its name.
    pub name: String,
    /// Its document, as JSON.
    pub document: String,
}

/// An IAM group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its managed policies.
    pub attached: Vec<ManagedPolicy>,
    /// Its inline policies.
    pub inline: Vec<InlinePolicy>,
}

/// The permissions of a role that does what a user did. Documents have no white space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolePermissions {
    /// The ARNs of existing managed policies to attach, each once.
    pub attached: Vec<String>,
    /// Inline policies.
    pub inline: Vec<InlinePolicy>,
    /// Managed policies to create and attach, because the user's policies exceed what a role can have.
    pub created: Vec<InlinePolicy>,
    /// The ARNs of customer-managed policies that are copied, and so no longer follow their original.
    pub copied: Vec<String>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// Tags, for conditions on `aws:PrincipalTag`.
    pub tags: Vec<(String, String)>,
    /// The policies that allow everything.
    pub administrator: Vec<String>,
    /// Statements that a role cannot use, or that mean something else for it.
    pub differences: Vec<Difference>,
    /// Where else the user may be named.
    pub reminders: Vec<Reminder>,
}

/// Why a role cannot have the permissions of a user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermissionsError {
    /// A document is not JSON.
    #[error("{policy} of user `{user}` cannot be read: {error}")]
    Document {
        /// The user.
        user: String,
        /// The policy.
        policy: String,
        /// What is wrong with it.
        error: NotJson,
    },
    /// More AWS managed policies than a role can have; they are never copied, because a copy would not follow AWS's changes.
    #[error(
        "user `{user}` has {count} AWS managed policies with its groups, and a role can have {limit}: {} too many; detach what \
         is not needed, or request a larger quota (Service Quotas, IAM, \"Managed policies per role\")",
        count - limit
    )]
    AwsManaged {
        /// The user.
        user: String,
        /// How many there are.
        count: usize,
        /// How many a role can have.
        limit: usize,
    },
    /// The policies are too long, even when they are merged.
    #[error(
        "the policies of user `{user}` fill {needed} managed policies after merging, and a role can have {limit}: {} too many; \
         detach what is not needed, or request a larger quota (Service Quotas, IAM, \"Managed policies per role\")",
        needed - limit
    )]
    TooLong {
        /// The user.
        user: String,
        /// How many managed policies they would need.
        needed: usize,
        /// How many a role can have.
        limit: usize,
    },
    /// One policy is longer than any policy can be.
    #[error("{policy} of user `{user}` has {length} characters, and a managed policy can have {POLICY_LIMIT}")]
    LongPolicy {
        /// The user.
        user: String,
        /// The policy.
        policy: String,
        /// Its characters without white space.
        length: usize,
    },
}

/// One policy of a user, read.
#[derive(Clone, Debug)]
struct Policy {
    /// For people, such as ``inline policy `deploy` of group `ci` ``.
    label: String,
    /// The name of an inline policy, or the ARN of a managed one.
    name: String,
    /// The group that it comes from.
    group: Option<String>,
    managed: bool,
    document: Node,
}

impl Policy {
    /// Its statements; a single one needs no list.
    fn statements(&self) -> &[Node] {
        self.document.get("Statement").map_or(&[], Node::items)
    }

    /// Whether AWS maintains it: the account of its ARN is `aws`.
    fn is_of_aws(&self) -> bool {
        self.managed && self.name.split(':').nth(4) == Some("aws")
    }
}

/// The effect of a statement.
fn effect(statement: &Node) -> Option<Effect> {
    statement.get("Effect").and_then(Node::as_str).and_then(Effect::parse)
}

/// The strings of an element; none if the statement does not have it.
fn strings<'n>(statement: &'n Node, element: &str) -> impl Iterator<Item = &'n str> {
    statement.get(element).map_or(&[][..], Node::items).iter().filter_map(Node::as_str)
}

/// Whether a pattern of actions, such as `s3:Get*`, matches an action. Case is ignored.
fn matches_action(pattern: &str, action: &str) -> bool {
    let syntax = Syntax { wildcards: true, variables: false };
    let pattern = Pattern::new(&Text::known(Span::default(), pattern), syntax, &|_| Variable::Unknown);
    pattern.is_some_and(|pattern| pattern.matches_ignoring_case(action) == Truth::True)
}

impl UserPermissions {
    /// The policies of the user, then those of its groups with the group's name.
    pub fn policies(&self) -> impl Iterator<Item = (Option<&str>, &[ManagedPolicy], &[InlinePolicy])> {
        let own = (None, &*self.attached, &*self.inline);
        let of_groups = self.groups.iter().map(|group| (Some(&*group.name), &*group.attached, &*group.inline));
        std::iter::once(own).chain(of_groups)
    }
}

/// Plans the permissions of a role. `prefix` begins the names of created policies; `limit` is the number of managed policies
/// that a role can have in this account, [`MANAGED_LIMIT`] unless a larger quota was granted.
///
/// # Errors
/// [`PermissionsError`] if a document cannot be read, or the policies do not fit.
pub fn plan(user: &UserPermissions, prefix: &str, limit: usize) -> Result<RolePermissions, PermissionsError> {
    let policies = read(user)?;
    let mut plan = fit::fit(user, &policies, prefix, limit)?;
    plan.boundary = user.boundary.as_ref().map(|boundary| boundary.arn.clone());
    // Keys that begin with `aws:` are reserved, and nobody can set them.
    let own = |(key, _): &&(String, String)| !key.to_ascii_lowercase().starts_with("aws:");
    plan.tags = user.tags.iter().filter(own).cloned().collect();
    let is_administrator = |policy: &&Policy| policy.statements().iter().any(allows_everything);
    plan.administrator = policies.iter().filter(is_administrator).map(|policy| policy.label.clone()).collect();
    plan.reminders = reminder::reminders(&policies);
    let boundary = user.boundary.iter().map(|boundary| managed(user, boundary, None));
    let boundary = boundary.collect::<Result<Vec<_>, _>>()?.into_iter();
    let boundary = boundary.map(|policy| Policy { label: format!("permissions boundary {}", policy.label), ..policy });
    plan.differences =
        policies.iter().cloned().chain(boundary).flat_map(|policy| difference::differences(user, &policy)).collect();
    Ok(plan)
}

/// All policies of the user, those of its groups last, managed ones that occur twice once.
fn read(user: &UserPermissions) -> Result<Vec<Policy>, PermissionsError> {
    let mut policies: Vec<Policy> = Vec::new();
    for (group, attached, inline) in user.policies() {
        for policy in attached {
            if !policies.iter().any(|known| known.managed && known.name == policy.arn) {
                policies.push(managed(user, policy, group)?);
            }
        }
        for policy in inline {
            let label = format!("inline policy `{}`{}", policy.name, of_group(group));
            policies.push(read_one(user, label, &policy.name, &policy.document, group, false)?);
        }
    }
    Ok(policies)
}

fn managed(user: &UserPermissions, policy: &ManagedPolicy, group: Option<&str>) -> Result<Policy, PermissionsError> {
    let name = policy.arn.rsplit('/').next().unwrap_or_default();
    let label = format!("`{name}`{}", of_group(group));
    read_one(user, label, &policy.arn, &policy.document, group, true)
}

fn read_one(
    user: &UserPermissions,
    label: String,
    name: &str,
    document: &str,
    group: Option<&str>,
    managed: bool,
) -> Result<Policy, PermissionsError> {
    match document::parse(document) {
        Ok(document) => Ok(Policy { label, name: name.to_owned(), group: group.map(str::to_owned), managed, document }),
        Err(error) => Err(PermissionsError::Document { user: user.name.clone(), policy: label, error }),
    }
}

/// ` of group NAME`, for the policies of a group.
pub fn of_group(group: Option<&str>) -> String {
    group.map_or_else(String::new, |group| format!(" of group `{group}`"))
}

/// Whether a statement allows every action on every resource, without a condition.
fn allows_everything(statement: &Node) -> bool {
    effect(statement) == Some(Effect::Allow)
        && strings(statement, "Action").any(|action| matches!(action, "*" | "*:*"))
        && strings(statement, "Resource").any(|resource| resource == "*")
        && statement.get("Condition").is_none_or(|condition| condition.members().is_empty())
}

impl RolePermissions {
    /// What the role gets, what it loses, and what else to check, one line each.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let mut line = |text: &str| {
            let _ = writeln!(out, "{text}");
        };
        for arn in &self.attached {
            line(&format!("attach {arn}"));
        }
        for policy in &self.created {
            let length = policy.document.chars().count();
            line(&format!("create managed policy `{}` ({length} characters), and attach it", policy.name));
        }
        for arn in &self.copied {
            line(&format!("  with a copy of {arn}, which will not follow changes of the original"));
        }
        for policy in &self.inline {
            line(&format!("inline policy `{}` ({} characters)", policy.name, policy.document.chars().count()));
        }
        if let Some(arn) = &self.boundary {
            line(&format!("permissions boundary {arn}"));
        }
        for (key, value) in &self.tags {
            line(&format!("tag {key}={value}"));
        }
        for policy in &self.administrator {
            line(&format!(
                "warning: {policy} allows everything: the role will be an administrator, as the user is; limit it with \
                 --permissions-boundary, or choose --permissions minimal"
            ));
        }
        for difference in &self.differences {
            line(&format!("warning: {difference}"));
        }
        if !self.reminders.is_empty() {
            line("Check whether these name the user, before its key is deleted:");
            for reminder in &self.reminders {
                line(&format!("  {reminder}"));
            }
        }
        out
    }
}
