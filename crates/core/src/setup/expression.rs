//! JSON documents with placeholders that each format writes in its own way.

use serde_json::Value;

/// A value. Objects keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A string in parts.
    Text(Vec<Piece>),
    /// A list.
    List(Vec<Expression>),
    /// An object.
    Object(Vec<(String, Expression)>),
}

/// A part of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These characters.
    Plain(String),
    /// A placeholder.
    Name(Name),
}

/// A value that is known only in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The account ID.
    Account,
    /// The partition, such as `aws`.
    Partition,
    /// The ARN of the identity provider that is created with the roles.
    Provider,
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl Expression {
    /// A string.
    pub fn text(text: &str) -> Self {
        Self::Text(vec![Piece::Plain(text.to_owned())])
    }

    /// A list of strings.
    pub fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// An object.
    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Appends characters to a string; other values stay as they are.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        if let Self::Text(pieces) = &mut self {
            pieces.push(Piece::Plain(text.to_owned()));
        }
        self
    }

    /// Appends a placeholder to a string; other values stay as they are.
    #[must_use]
    pub fn name(mut self, name: Name) -> Self {
        if let Self::Text(pieces) = &mut self {
            pieces.push(Piece::Name(name));
        }
        self
    }

    /// The placeholder, if the string consists of one only.
    pub fn only_name(&self) -> Option<Name> {
        match self {
            Self::Text(pieces) => {
                let mut meant = pieces.iter().filter(|piece| !matches!(piece, Piece::Plain(text) if text.is_empty()));
                match (meant.next(), meant.next()) {
                    (Some(Piece::Name(name)), None) => Some(*name),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a string has placeholders.
    pub fn has_names(&self) -> bool {
        matches!(self, Self::Text(pieces) if pieces.iter().any(|piece| matches!(piece, Piece::Name(_))))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(own, _)| own == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A string, whose parts are written by the two functions.
    pub fn write(&self, plain: &dyn Fn(&str) -> String, name: &dyn Fn(Name) -> String) -> String {
        match self {
            Self::Text(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Plain(text) => plain(text),
                    Piece::Name(it) => name(*it),
                })
                .collect(),
            _ => String::new(),
        }
    }

    /// As JSON, with the placeholders replaced.
    pub fn json(&self, name: &dyn Fn(Name) -> String) -> Value {
        match self {
            Self::Text(_) => Value::String(self.write(&str::to_owned, name)),
            Self::List(items) => Value::Array(items.iter().map(|item| item.json(name)).collect()),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (key.clone(), value.json(name))).collect())
            }
        }
    }

    /// The length of the issuer in the first condition key of a trust policy, which is also in the provider's ARN.
    pub(super) fn issuer_length(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::List(items) => items.iter().map(Self::issuer_length).max().unwrap_or(0),
            Self::Object(members) => members
                .iter()
                .map(|(key, value)| key.strip_suffix(":aud").map_or_else(|| value.issuer_length(), str::len))
                .max()
                .unwrap_or(0),
        }
    }
}
