//! Names of role sessions: what CloudTrail records with every call of a deployment.

use std::fmt;

/// 2 to 64 characters of `[\w+=,.@-]` (STS API reference, `RoleSessionName`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName(String);

const MINIMUM: usize = 2;
const LIMIT: usize = 64;

/// Why a string is not a session name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionNameError {
    /// Too short or too long: the number of characters.
    #[error("a session name has {minimum} to {limit} characters, this one has {0}", minimum = MINIMUM, limit = LIMIT)]
    Length(usize),
    /// A character that STS does not allow.
    #[error("it contains `{}`; allowed are letters, digits and _ + = , . @ -", .0.escape_default())]
    Character(char),
}

impl SessionName {
    /// Reads a name that a person chose.
    ///
    /// # Errors
    /// [`SessionNameError`] when STS would refuse it.
    pub fn parse(text: &str) -> Result<Self, SessionNameError> {
        if let Some(character) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(SessionNameError::Character(character));
        }
        if !(MINIMUM..=LIMIT).contains(&text.len()) {
            return Err(SessionNameError::Length(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes a name from a repository's slug and a build's number: `keyless-<slug>-<number>`. Other characters become `-`,
    /// and a long slug is cut so that the number stays whole.
    pub fn of_build(slug: &str, build: &str) -> Self {
        let clean = |text: &str| text.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect::<String>();
        let (slug, mut build) = (clean(slug), clean(build));
        build.truncate(16);
        let mut name = format!("keyless-{slug}");
        if !build.is_empty() {
            name.truncate(LIMIT - 1 - build.len());
            name = format!("{name}-{build}");
        }
        name.truncate(LIMIT);
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_always_has_a_name() {
        for (slug, build, expected) in [
            ("shop", "42", "keyless-shop-42"),
            ("my shop/ä", "7", "keyless-my-shop---7"),
            ("", "", "keyless-"),
            (&"x".repeat(100), "12345", &format!("keyless-{}-12345", "x".repeat(50))),
        ] {
            let name = SessionName::of_build(slug, build);
            assert_eq!(name.as_str(), expected);
            assert_eq!(SessionName::parse(name.as_str()), Ok(name));
        }
        assert_eq!(SessionName::parse("x"), Err(SessionNameError::Length(1)));
        assert_eq!(SessionName::parse("a b"), Err(SessionNameError::Character(' ')));
    }
}
