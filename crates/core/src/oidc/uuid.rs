//! The UUIDs by which Bitbucket identifies workspaces, repositories, deployment environments and steps.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error as _};

/// A UUID. It displays as Bitbucket writes it in subjects and variables: lower case, in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Uuid {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Uuid".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let bare = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";
        schemars::json_schema!({
            "type": "string",
            "format": "bitbucket-uuid",
            "description": "A UUID as Bitbucket shows it, in quotes and braces.",
            "pattern": format!("^({bare}|\\{{{bare}\\}})$"),
        })
    }
}

/// Why a string is not a UUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UuidError {
    /// The string is empty.
    #[error("the UUID is empty")]
    Empty,
    /// One brace without the other.
    #[error("`{0}` has only one of the two braces")]
    UnbalancedBraces(String),
    /// Anything else.
    #[error("`{0}` is not a UUID such as {{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}}")]
    NotAUuid(String),
}

/// The length of a UUID with its hyphens, without braces.
const LENGTH: usize = 36;

/// How many hexadecimal digits are between the hyphens.
pub(crate) const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

impl Uuid {
    /// Reads a UUID, with or without braces, in upper or lower case.
    ///
    /// # Errors
    /// [`UuidError`] where the string is something else.
    pub fn parse(text: &str) -> Result<Self, UuidError> {
        let text = text.trim();
        let bare = match (text.strip_prefix('{'), text.ends_with('}')) {
            _ if text.is_empty() => return Err(UuidError::Empty),
            (Some(rest), true) => &rest[..rest.len() - 1],
            (None, false) => text,
            _ => return Err(UuidError::UnbalancedBraces(text.to_owned())),
        };
        Self::from_bare(bare).ok_or_else(|| UuidError::NotAUuid(text.to_owned()))
    }

    /// Reads a UUID without braces, as in the default audience; nothing else counts.
    pub fn from_bare(text: &str) -> Option<Self> {
        let hyphenated = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        if text.len() != LENGTH || !text.bytes().enumerate().all(hyphenated) {
            return None;
        }
        u128::from_str_radix(&text.replace('-', ""), 16).ok().map(Self)
    }

    /// Reads a UUID in braces, as in a subject; nothing else counts.
    pub fn from_braced(text: &str) -> Option<Self> {
        text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).and_then(Self::from_bare)
    }

    /// The UUID without braces, as in the default audience.
    pub fn bare(self) -> String {
        let digits = format!("{:032x}", self.0);
        let mut rest = digits.as_str();
        let groups = GROUPS.map(|length| {
            let (group, after) = rest.split_at(length);
            rest = after;
            group
        });
        groups.join("-")
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.bare())
    }
}

impl FromStr for Uuid {
    type Err = UuidError;

    fn from_str(text: &str) -> Result<Self, UuidError> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "0b1c2d3e-4f50-4718-8293-a4b5c6d7e8f9";

    #[test]
    fn braces_and_case_are_normalized() {
        for text in [BARE, &format!("{{{BARE}}}"), &format!(" {{{}}}\n", BARE.to_uppercase())] {
            let uuid = Uuid::parse(text).unwrap();
            assert_eq!((uuid.bare(), uuid.to_string()), (BARE.to_owned(), format!("{{{BARE}}}")));
        }
    }

    #[test]
    fn an_invalid_uuid_says_what_is_wrong() {
        for (text, expected) in [
            ("", "the UUID is empty"),
            ("acme", "`acme` is not a UUID such as {b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}"),
            ("{acme}", "`{acme}` is not a UUID such as {b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}"),
            ("{acme", "`{acme` has only one of the two braces"),
            ("{", "`{` has only one of the two braces"),
            ("}", "`}` has only one of the two braces"),
        ] {
            assert_eq!(Uuid::parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_place_that_demands_braces_or_none_takes_nothing_else() {
        let braced = format!("{{{BARE}}}");
        assert!(Uuid::from_bare(BARE).is_some() && Uuid::from_bare(&braced).is_none());
        assert!(Uuid::from_braced(&braced).is_some() && Uuid::from_braced(BARE).is_none());
        assert!(Uuid::from_bare(&BARE.replace('b', "+")).is_none());
    }
}
