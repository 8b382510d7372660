//! Account ids.

use std::fmt;

/// Twelve digits. Leading zeros count, so it is kept as a string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

/// The number of digits of every account id.
pub const DIGITS: usize = 12;

/// Why a string is not an account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountIdError {
    /// Something else than a digit is in it.
    #[error("the account id `{0}` is not a number of {digits} digits", digits = DIGITS)]
    NotDigits(String),
    /// So many digits, and not twelve.
    #[error("{}", wrong_length(*.0))]
    Length(usize),
}

fn wrong_length(length: usize) -> String {
    match length {
        0 => format!("the account id is empty, it has {DIGITS} digits"),
        _ => format!("the account id has {length} digits instead of {DIGITS}"),
    }
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
