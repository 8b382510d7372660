//! The condition operators of IAM (`reference_policies_elements_condition_operators`), in one table.

use std::cmp::Ordering;

use super::{date, text::Syntax};
use crate::ip_ranges::network;

/// An operator as written: `ForAllValues:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The set qualifier, if any.
    pub quantifier: Option<Quantifier>,
    /// The comparison.
    pub base: &'static Base,
    /// Whether it has the suffix `IfExists`, which makes it true for a missing key.
    pub if_exists: bool,
}

/// A set qualifier (`reference_policies_condition-single-vs-multi-valued-context-keys`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// Every value of the request must match; true without values.
    ForAllValues,
    /// One value of the request must match.
    ForAnyValue,
}

/// A comparison.
#[derive(Debug, PartialEq, Eq)]
pub struct Base {
    /// Its name in policies.
    pub name: &'static str,
    /// The comparison of a policy value with a request value.
    pub comparison: Comparison,
    /// Whether it holds when no value of the policy matches.
    pub negated: bool,
}

/// The comparison of a policy value with a request value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Character by character.
    Equals,
    /// Character by character, ignoring case.
    EqualsIgnoringCase,
    /// With `*` and `?`.
    Like,
    /// ARN part by ARN part, with `*` and `?`.
    Arn,
    /// Decimal numbers.
    Numeric(Order),
    /// ISO 8601 dates or seconds since 1970.
    Date(Order),
    /// `true` and `false`.
    Bool,
    /// Base64 of the bytes; equal bytes have equal Base64.
    Binary,
    /// An address in a CIDR block.
    Address,
    /// Whether the key is missing.
    Null,
}

/// The order of request value and policy value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Equal.
    Equal,
    /// The request value is less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// The request value is greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

const fn base(name: &'static str, comparison: Comparison) -> Base {
    Base { name, comparison, negated: false }
}

const fn not(name: &'static str, comparison: Comparison) -> Base {
    Base { name, comparison, negated: true }
}

/// All comparisons.
pub const BASES: [Base; 27] = [
    base("StringEquals", Comparison::Equals),
    not("StringNotEquals", Comparison::Equals),
    base("StringEqualsIgnoreCase", Comparison::EqualsIgnoringCase),
    not("StringNotEqualsIgnoreCase", Comparison::EqualsIgnoringCase),
    base("StringLike", Comparison::Like),
    not("StringNotLike", Comparison::Like),
    base("NumericEquals", Comparison::Numeric(Order::Equal)),
    not("NumericNotEquals", Comparison::Numeric(Order::Equal)),
    base("NumericLessThan", Comparison::Numeric(Order::Less)),
    base("NumericLessThanEquals", Comparison::Numeric(Order::LessOrEqual)),
    base("NumericGreaterThan", Comparison::Numeric(Order::Greater)),
    base("NumericGreaterThanEquals", Comparison::Numeric(Order::GreaterOrEqual)),
    base("DateEquals", Comparison::Date(Order::Equal)),
    not("DateNotEquals", Comparison::Date(Order::Equal)),
    base("DateLessThan", Comparison::Date(Order::Less)),
    base("DateLessThanEquals", Comparison::Date(Order::LessOrEqual)),
    base("DateGreaterThan", Comparison::Date(Order::Greater)),
    base("DateGreaterThanEquals", Comparison::Date(Order::GreaterOrEqual)),
    base("Bool", Comparison::Bool),
    base("BinaryEquals", Comparison::Binary),
    base("IpAddress", Comparison::Address),
    not("NotIpAddress", Comparison::Address),
    base("ArnEquals", Comparison::Arn),
    not("ArnNotEquals", Comparison::Arn),
    base("ArnLike", Comparison::Arn),
    not("ArnNotLike", Comparison::Arn),
    base("Null", Comparison::Null),
];

/// The suffix that makes an operator true for a missing key.
const SUFFIX: &str = "IfExists";

impl Operator {
    /// Reads a name, ignoring case. `None` for an unknown operator; `Null` does not support `IfExists`.
    pub fn new(name: &str) -> Option<Self> {
        let (quantifier, rest) = match name.split_once(':') {
            None => (None, name),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => (Some(Quantifier::ForAllValues), rest),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return None,
        };
        let (stem, if_exists) = match rest.len().checked_sub(SUFFIX.len()) {
            Some(at) if rest.is_char_boundary(at) && rest[at..].eq_ignore_ascii_case(SUFFIX) => (&rest[..at], true),
            _ => (rest, false),
        };
        let base = BASES.iter().find(|base| base.name.eq_ignore_ascii_case(stem))?;
        (!(if_exists && base.comparison == Comparison::Null)).then_some(Self { quantifier, base, if_exists })
    }
}

impl Comparison {
    /// The syntax of the policy's values. Only string and ARN operators support variables
    /// (`reference_policies_variables`, "Where you can use policy variables").
    pub fn syntax(self) -> Syntax {
        match self {
            Self::Equals | Self::EqualsIgnoringCase => Syntax { wildcards: false, variables: true },
            Self::Like | Self::Arn => Syntax { wildcards: true, variables: true },
            _ => Syntax { wildcards: false, variables: false },
        }
    }

    /// Compares values that are not patterns; invalid values match nothing.
    pub fn matches(self, actual: &str, expected: &str) -> bool {
        match self {
            Self::Numeric(order) => number(actual)
                .zip(number(expected))
                .and_then(|(a, b)| a.partial_cmp(&b))
                .is_some_and(|o| order.holds(o)),
            Self::Date(order) => date::seconds(actual)
                .zip(date::seconds(expected))
                .and_then(|(a, b)| a.partial_cmp(&b))
                .is_some_and(|o| order.holds(o)),
            Self::Bool => {
                actual.eq_ignore_ascii_case(expected)
                    && ["true", "false"].iter().any(|word| actual.eq_ignore_ascii_case(word))
            }
            Self::Address => {
                network(expected).zip(network(actual)).is_some_and(|(block, address)| block.contains(&address))
            }
            Self::Equals | Self::EqualsIgnoringCase | Self::Like | Self::Arn | Self::Binary | Self::Null => {
                actual == expected
            }
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_others_refused() {
        let operator = Operator::new("forallvalues:stringlikeifexists").unwrap();
        assert_eq!(operator.base.name, "StringLike");
        assert_eq!((operator.quantifier, operator.if_exists), (Some(Quantifier::ForAllValues), true));
        for wrong in ["", "StringEqual", "ForSome:StringLike", "NullIfExists", "IfExists", "é", "ForAllValues:"] {
            assert_eq!(Operator::new(wrong), None, "{wrong}");
        }
    }
}
