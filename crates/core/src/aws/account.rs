//! Account ids.

use std::fmt;

/// Twelve digits. Leading zeros count, so it is kept as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

/// The number of digits of every account id.
pub const DIGITS: usize = 12;

/// Why a text is no account id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountIdError {
    /// Something else than a digit is in it.
    NotDigits(String),
    /// So many digits, and not twelve.
    Length(usize),
}

impl AccountId {
    /// Reads an account id.
    ///
    /// # Errors
    /// [`AccountIdError`] unless it is twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, AccountIdError> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AccountIdError::NotDigits(text.to_owned()));
        }
        if text.len() != DIGITS {
            return Err(AccountIdError::Length(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AccountIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDigits(text) => write!(f, "the account id `{text}` is not a number of {DIGITS} digits"),
            Self::Length(0) => write!(f, "the account id is empty, it has {DIGITS} digits"),
            Self::Length(length) => write!(f, "the account id has {length} digits instead of {DIGITS}"),
        }
    }
}

impl std::error::Error for AccountIdError {}
