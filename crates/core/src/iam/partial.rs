//! Values of a request that are partly known before the request is made.

use std::fmt;

use ipnet::IpNet;

use super::{operator::Comparison, text::Pattern, truth::Truth};
use crate::{ip_ranges::network, oidc::GROUPS};

/// A partly known value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partial {
    /// A string in which only some UUIDs are unknown.
    Text(Vec<Piece>),
    /// An address outside of these blocks.
    AddressOutside(Vec<IpNet>),
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These characters.
    Known(String),
    /// A UUID without braces, with the name of what it identifies.
    Uuid(&'static str),
}

/// A character of a partly known string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// This one.
    Char(char),
    /// Any hexadecimal digit.
    Digit,
}

impl Partial {
    /// Whether a policy value that is a pattern matches it.
    pub(super) fn matches(&self, pattern: &Pattern, comparison: Comparison) -> Truth {
        match (self, comparison) {
            (Self::Text(pieces), Comparison::Equals | Comparison::Like) => pattern.matches_symbols(&symbols(pieces)),
            _ => Truth::Unknown,
        }
    }

    /// Whether a policy value that is not a pattern matches it.
    pub(super) fn matches_plain(&self, expected: &str, comparison: Comparison) -> Truth {
        match (self, comparison, network(expected)) {
            (Self::AddressOutside(blocks), Comparison::Address, Some(expected))
                if blocks.iter().any(|block| block.contains(&expected)) =>
            {
                Truth::False
            }
            _ => Truth::Unknown,
        }
    }
}

fn symbols(pieces: &[Piece]) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Known(text) => symbols.extend(text.chars().map(Symbol::Char)),
            Piece::Uuid(_) => {
                for (at, digits) in GROUPS.into_iter().enumerate() {
                    symbols.extend((at > 0).then_some(Symbol::Char('-')));
                    symbols.extend(std::iter::repeat_n(Symbol::Digit, digits));
                }
            }
        }
    }
    symbols
}

/// For messages, with unknown parts in angle brackets.
impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(pieces) => pieces.iter().try_for_each(|piece| match piece {
                Piece::Known(text) => f.write_str(text),
                Piece::Uuid(name) => write!(f, "<{name}>"),
            }),
            Self::AddressOutside(_) => f.write_str("any address except those that Atlassian publishes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        iam::text::{Syntax, Text, Variable},
        text::Span,
    };

    const UUIDS: [&str; 3] = [
        "b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9",
        "00000000-0000-4000-8000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ];

    fn known(text: &str) -> Piece {
        Piece::Known(text.to_owned())
    }

    #[test]
    fn what_is_said_of_a_form_holds_of_every_uuid() {
        let repository = [known("{"), Piece::Uuid("repository"), known("}:{s}")];
        let deployment =
            [known("{"), Piece::Uuid("repository"), known("}:{"), Piece::Uuid("environment"), known("}:{s}")];
        for (pattern, of_repository, of_deployment) in [
            ("*", Truth::True, Truth::True),
            ("{*}:*", Truth::True, Truth::True),
            ("{*}:{*}:*", Truth::False, Truth::True),
            ("{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:*", Truth::Unknown, Truth::Unknown),
            ("{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{*}:*", Truth::False, Truth::Unknown),
            ("{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{s}", Truth::Unknown, Truth::False),
            ("b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9:*", Truth::False, Truth::False),
            ("{????????-????-????-????-????????????}:{s}", Truth::True, Truth::False),
            ("{*-*-*-*-*}:{?*}:{s}", Truth::False, Truth::True),
            ("{z*", Truth::False, Truth::False),
            ("repo:acme/web:*", Truth::False, Truth::False),
        ] {
            let syntax = Syntax { wildcards: true, variables: false };
            let text = Text::known(Span::default(), pattern);
            let read = Pattern::new(&text, syntax, &|_| Variable::Unknown).unwrap();
            for (pieces, expected) in [(&repository[..], of_repository), (&deployment[..], of_deployment)] {
                let form = Partial::Text(pieces.to_vec());
                assert_eq!(form.matches(&read, Comparison::Like), expected, "{pattern} {form}");
                for uuid in UUIDS {
                    let whole: String =
                        pieces.iter().map(|it| if let Piece::Known(text) = it { text } else { uuid }).collect();
                    let concrete = read.matches(&whole);
                    assert!(expected == Truth::Unknown || concrete == expected, "{pattern} {whole}");
                }
            }
        }
    }

    #[test]
    fn an_address_outside_of_a_block_is_in_none_of_its_parts() {
        let outside = Partial::AddressOutside(vec![network("198.51.100.0/24").unwrap()]);
        for (block, expected) in [
            ("198.51.100.0/24", Truth::False),
            ("198.51.100.7", Truth::False),
            ("198.51.0.0/16", Truth::Unknown),
            ("203.0.113.0/24", Truth::Unknown),
            ("0.0.0.0/0", Truth::Unknown),
            ("nonsense", Truth::Unknown),
        ] {
            assert_eq!(outside.matches_plain(block, Comparison::Address), expected, "{block}");
        }
        assert_eq!(outside.matches_plain("198.51.100.7", Comparison::Binary), Truth::Unknown);
    }
}
