//! Roles that a text holds, ready to be asked.

use std::fmt;

use super::{
    policy::{self, Policy},
    template::{Document, Unreadable},
};
use crate::diagnostic::Severity;

/// A role by its trust policy.
#[derive(Clone, Debug)]
pub struct TrustedRole {
    /// What the text calls it; empty for a policy that stands by itself.
    pub name: String,
    /// What it is called in AWS, where the text says so.
    pub name_in_aws: Option<String>,
    /// Its trust policy.
    pub policy: Policy,
}

/// Why a text gives no role to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It holds no trust policy that could be read.
    Unreadable(Unreadable),
    /// It has no role of the name that was asked for.
    NoSuchRole {
        /// The name.
        role: String,
        /// Those that there are.
        names: Vec<String>,
    },
    /// IAM would not take the policy.
    Refused(String),
}

/// Reads the roles of a policy, a template or an answer of IAM; of one name only, where `role` says so.
///
/// # Errors
/// [`Unusable`] where there is none, and where IAM would refuse one.
pub fn read(text: &str, role: Option<&str>) -> Result<Vec<TrustedRole>, Unusable> {
    let document = Document::parse(text).map_err(Unusable::Unreadable)?;
    let mut found = document.trust_policies().map_err(Unusable::Unreadable)?;
    if let Some(role) = role {
        let names = found.iter().map(|it| it.role.to_owned()).collect();
        found.retain(|it| it.role == role);
        if found.is_empty() {
            return Err(Unusable::NoSuchRole { role: role.to_owned(), names });
        }
    }
    let read = |found: &super::template::Found<'_>| {
        let (policy, problems) = policy::read(&found.policy, found.template);
        match problems.iter().find(|problem| problem.severity == Severity::Error) {
            Some(problem) => Err(Unusable::Refused(problem.message.clone())),
            None => Ok(TrustedRole { name: found.role.to_owned(), name_in_aws: found.name.map(str::to_owned), policy }),
        }
    };
    found.iter().map(read).collect()
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::NoSuchRole { role, names } => {
                write!(f, "no role `{role}` in it; there are: {}", names.join(", "))
            }
            Self::Refused(message) => {
                write!(f, "IAM would refuse it: {message}; `keyless trust check` says where")
            }
        }
    }
}

impl std::error::Error for Unusable {}
