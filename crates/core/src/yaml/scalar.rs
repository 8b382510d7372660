//! Scalars and their types.

/// A scalar as written and as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The value: quotes removed, escapes resolved, lines folded.
    pub value: String,
    /// How it was written.
    pub style: Style,
    /// What its tag says about its type.
    pub tag: Typed,
}

/// What a scalar's tag says about its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Typed {
    /// Nothing: the style and the value decide.
    #[default]
    ByStyle,
    /// It is a string, whatever it looks like: `!!str 5`.
    AsText,
    /// It is what it looks like, even in quotes: `!!int "5"`.
    ByValue,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// The type that YAML gives a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`, also capitalized or in capitals.
    Boolean(bool),
    /// `yes`, `no`, `on`, `off`: a boolean in YAML 1.1, a string in YAML 1.2. Which version Bitbucket follows is
    /// unconfirmed.
    YesNo(bool),
    /// An integer; `None` if it does not fit into 64 bits.
    Integer(Option<i64>),
    /// A number with a fraction or an exponent.
    Float,
    /// A string.
    Text,
}

impl Meaning {
    /// Its type in messages, with an article: `a string`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) | Self::Float => "a number",
            Self::YesNo(_) | Self::Text => "a string",
        }
    }
}

impl Scalar {
    /// Its type. Without a tag, a scalar that is not plain is always a string.
    pub fn meaning(&self) -> Meaning {
        let is_text = match self.tag {
            Typed::ByStyle => self.style != Style::Plain,
            Typed::AsText => true,
            Typed::ByValue => false,
        };
        if is_text {
            return Meaning::Text;
        }
        match self.value.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
            "true" | "True" | "TRUE" => Meaning::Boolean(true),
            "false" | "False" | "FALSE" => Meaning::Boolean(false),
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Meaning::YesNo(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => Meaning::YesNo(false),
            value => number(value),
        }
    }

    /// Whether Bitbucket replaces a part of it, `${{NAME}}`, with the value of a variable before it reads the file.
    pub fn has_template(&self) -> bool {
        has_template(&self.value)
    }

    /// Whether it is quoted or a block scalar, and so always a string.
    pub fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }
}

/// Whether a string contains a template, `${{NAME}}`: its value is not in the file.
/// Source: <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
pub fn has_template(text: &str) -> bool {
    text.split_once("${{").is_some_and(|(_, rest)| rest.contains("}}"))
}

fn number(value: &str) -> Meaning {
    let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Meaning::Text;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Meaning::Integer(value.parse().ok());
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = unsigned.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_digit(radix))
        {
            return Meaning::Integer(i64::from_str_radix(digits, radix).ok());
        }
    }
    // `1.`, `.5`, `1e3`, `.inf`; a version such as `1.2.3` is a string.
    let special = matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN");
    let shaped = unsigned.bytes().any(|b| b.is_ascii_digit())
        && unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if special || (shaped && unsigned.parse::<f64>().is_ok()) { Meaning::Float } else { Meaning::Text }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, Scalar, Style, Typed};

    #[test]
    fn plain_scalars_mean_what_yaml_says() {
        for (value, meaning) in [
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("True", Meaning::Boolean(true)),
            ("off", Meaning::YesNo(false)),
            ("12", Meaning::Integer(Some(12))),
            ("-3", Meaning::Integer(Some(-3))),
            ("0x1F", Meaning::Integer(Some(31))),
            ("99999999999999999999", Meaning::Integer(None)),
            ("1.5", Meaning::Float),
            ("1e3", Meaning::Float),
            (".inf", Meaning::Float),
            ("1.2.3", Meaning::Text),
            ("3x", Meaning::Text),
            ("-", Meaning::Text),
            (".", Meaning::Text),
            ("tRUE", Meaning::Text),
        ] {
            for (style, tag, expected) in [
                (Style::Plain, Typed::ByStyle, meaning),
                (Style::SingleQuoted, Typed::ByStyle, Meaning::Text),
                (Style::Plain, Typed::AsText, Meaning::Text),
                (Style::SingleQuoted, Typed::ByValue, meaning),
            ] {
                assert_eq!(
                    Scalar { value: value.into(), style, tag }.meaning(),
                    expected,
                    "{value}: {style:?} {tag:?}"
                );
            }
        }
    }
}
