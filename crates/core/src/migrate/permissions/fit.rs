//! The policies of a user within the limits of a role.

use std::{cmp::Reverse, collections::HashSet};

use super::{InlinePolicy, PermissionsError, Policy, RolePermissions, UserPermissions};
use crate::{
    iam::document::{Member, Node, Value, compact},
    text::Span,
};

/// How many managed policies a role can have by default (`reference_iam-quotas`, "Managed policies per role").
pub const MANAGED_LIMIT: usize = 10;
/// How many characters the inline policies of a role can have together (`reference_iam-quotas`).
pub const INLINE_LIMIT: usize = 10_240;
/// How many characters a managed policy can have (`reference_iam-quotas`).
pub const POLICY_LIMIT: usize = 6_144;

/// How long the name of a policy can be (IAM API reference, `PutRolePolicy`).
const NAME_LIMIT: usize = 128;
/// The version of a document that names none (`reference_policies_elements_version`).
const OLD_VERSION: &str = "2008-10-17";

/// A document that has to find a place.
#[derive(Clone, Debug)]
struct Item<'p> {
    policy: &'p Policy,
    length: usize,
}

/// A managed policy to create, of several documents of one version.
#[derive(Clone, Debug)]
struct Merged {
    version: String,
    statements: Vec<Node>,
    sids: HashSet<String>,
}

/// A way to place the documents.
struct Packed<'p> {
    inline: Vec<&'p Policy>,
    merged: Vec<Merged>,
}

/// Places the policies: as they are if they fit; else the fewest copies of customer-managed policies, the shortest first.
pub(super) fn fit(
    user: &UserPermissions,
    policies: &[Policy],
    prefix: &str,
    limit: usize,
) -> Result<RolePermissions, PermissionsError> {
    let items = |managed: bool| {
        let own = policies.iter().filter(move |policy| policy.managed == managed && !policy.is_of_aws());
        own.map(|policy| Item { policy, length: length(&policy.document) }).collect::<Vec<_>>()
    };
    let (inline, mut customer) = (items(false), items(true));
    if let Some(Item { policy, length }) = inline.iter().chain(&customer).find(|item| item.length > POLICY_LIMIT) {
        let (user, policy, length) = (user.name.clone(), policy.label.clone(), *length);
        return Err(PermissionsError::LongPolicy { user, policy, length });
    }
    let of_aws: Vec<&str> = policies.iter().filter(|it| it.is_of_aws()).map(|it| it.name.as_str()).collect();
    let Some(slots) = limit.checked_sub(of_aws.len()) else {
        return Err(PermissionsError::AwsManaged { user: user.name.clone(), count: of_aws.len(), limit });
    };
    customer.sort_by_key(|item| Reverse(item.length));
    let mut needed = 0;
    for kept in (0..=customer.len()).rev() {
        let (attached, copied) = customer.split_at(kept);
        let packed = pack(inline.iter().chain(copied));
        needed = of_aws.len() + kept + packed.merged.len();
        if kept + packed.merged.len() > slots {
            continue;
        }
        let is_attached = |policy: &&Policy| {
            policy.managed && (policy.is_of_aws() || attached.iter().any(|item| item.policy.name == policy.name))
        };
        return Ok(RolePermissions {
            attached: policies.iter().filter(is_attached).map(|policy| policy.name.clone()).collect(),
            inline: named(&packed.inline),
            created: created(&packed.merged, &user.name, prefix),
            copied: copied.iter().map(|item| item.policy.name.clone()).collect(),
            ..RolePermissions::default()
        });
    }
    Err(PermissionsError::TooLong { user: user.name.clone(), needed, limit })
}

/// Keeps documents inline as long as there is room, and merges the others, the longest first.
fn pack<'i, 'p: 'i>(items: impl Iterator<Item = &'i Item<'p>>) -> Packed<'p> {
    let mut items: Vec<&Item<'p>> = items.collect();
    let total: usize = items.iter().map(|item| item.length).sum();
    if total > INLINE_LIMIT {
        items.sort_by_key(|item| Reverse(item.length));
    }
    let mut packed = Packed { inline: Vec::new(), merged: Vec::new() };
    let mut room = INLINE_LIMIT;
    for item in items {
        if item.length <= room {
            room -= item.length;
            packed.inline.push(item.policy);
            continue;
        }
        let joined = packed.merged.iter_mut().find_map(|merged| {
            let with = merged.with(item.policy)?;
            (length(&with.document()) <= POLICY_LIMIT).then(|| *merged = with)
        });
        if joined.is_none() {
            packed.merged.extend(Merged::new(item.policy).with(item.policy));
        }
    }
    packed
}

impl Merged {
    fn new(policy: &Policy) -> Self {
        Self { version: version(policy).to_owned(), statements: Vec::new(), sids: HashSet::new() }
    }

    /// With the statements of another document; `None` if its version gives policy variables another meaning.
    fn with(&self, policy: &Policy) -> Option<Self> {
        if version(policy) != self.version {
            return None;
        }
        let mut merged = self.clone();
        for statement in policy.statements() {
            let mut statement = statement.clone();
            if let Value::Object(members) = &mut statement.value {
                members.iter_mut().filter(|member| member.key == "Sid").for_each(|sid| merged.rename(&mut sid.value));
            }
            merged.statements.push(statement);
        }
        Some(merged)
    }

    /// A `Sid` can be used once in a document.
    fn rename(&mut self, sid: &mut Node) {
        let Some(name) = sid.as_str().map(str::to_owned) else { return };
        let free = std::iter::once(name.clone()).chain((2..).map(|number: usize| format!("{name}{number}")));
        let free = free.into_iter().find(|name| name.is_empty() || !self.sids.contains(name)).unwrap_or(name);
        self.sids.insert(free.clone());
        sid.value = Value::String(free);
    }

    fn document(&self) -> Node {
        let span = Span::default();
        let member = |key: &str, value| Member {
            key: key.to_owned(),
            key_span: span,
            key_open: false,
            value: Node { span, value },
        };
        let members = vec![
            member("Version", Value::String(self.version.clone())),
            member("Statement", Value::List(self.statements.clone())),
        ];
        Node { span, value: Value::Object(members) }
    }
}

fn version(policy: &Policy) -> &str {
    policy.document.get("Version").and_then(Node::as_str).unwrap_or(OLD_VERSION)
}

fn length(document: &Node) -> usize {
    compact(document).chars().count()
}

/// Inline policies with different names: a group's policy may have the name of another.
fn named(policies: &[&Policy]) -> Vec<InlinePolicy> {
    let mut named: Vec<InlinePolicy> = Vec::new();
    for policy in policies {
        let own = policy.name.rsplit('/').next().unwrap_or_default().to_owned();
        let with_group = policy.group.as_ref().map(|group| format!("{group}-{own}"));
        let numbered = (2..).map(|number: usize| format!("{}-{number}", shortened(&own, NAME_LIMIT - 8)));
        let candidates = [Some(own.clone()), with_group].into_iter().flatten().chain(numbered);
        let is_free = |name: &String| name.len() <= NAME_LIMIT && !named.iter().any(|it| it.name == *name);
        let name = candidates.into_iter().find(is_free).unwrap_or(own);
        named.push(InlinePolicy { name, document: compact(&policy.document) });
    }
    named
}

fn created(merged: &[Merged], user: &str, prefix: &str) -> Vec<InlinePolicy> {
    let name = |number: usize| format!("{prefix}-{}-{number}", shortened(user, NAME_LIMIT / 2));
    let policies = merged.iter().enumerate();
    policies
        .map(|(index, merged)| InlinePolicy { name: name(index + 1), document: compact(&merged.document()) })
        .collect()
}

/// The first characters of a name; IAM's names are ASCII.
fn shortened(name: &str, limit: usize) -> &str {
    name.get(..limit).unwrap_or(name)
}
