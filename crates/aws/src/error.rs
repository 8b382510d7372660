//! Why a call of AWS's services failed.

use crate::{http::HttpError, sts::Said};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// AWS refused the call.
    #[error("{0}")]
    Refused(Said),
    /// AWS did not answer.
    #[error(transparent)]
    Http(HttpError),
    /// The call cannot be signed with these credentials.
    #[error("the call cannot be signed with these credentials")]
    Unsignable,
    /// Not an answer of the service.
    #[error("unexpected answer from AWS")]
    Unreadable,
}

impl InventoryError {
    /// Whether the role, provider or parameter does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(said) if matches!(said.code.as_str(), "NoSuchEntity" | "ParameterNotFound"))
    }
}
