//! An account that `ALLOWED_ACCOUNT_IDS` does not allow.

use std::fmt;

use keyless_core::aws::AccountId;

/// A stack or a context value in an account that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} is in account {account}, which is not in ALLOWED_ACCOUNT_IDS ({})",
    allowed.iter().map(AccountId::as_str).collect::<Vec<_>>().join(", ")
)]
pub(crate) struct ForbiddenAccount {
    pub(crate) what: What,
    pub(crate) account: String,
    pub(crate) allowed: Vec<AccountId>,
}

/// What is in the account, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Stack(String),
    Lookup(String),
    Environment(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(path) => write!(f, "stack `{path}`"),
            Self::Lookup(key) => write!(f, "context value `{key}`"),
            Self::Environment(name) => write!(f, "environment `{name}`"),
        }
    }
}
