//! Strings of a policy, which a template may leave open in part, and their patterns.

use std::fmt;

use super::{partial::Symbol, truth::Truth};
use crate::text::Span;

/// A string of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its span.
    pub span: Span,
    /// Its parts in order; a string of a plain policy has one known part.
    pub parts: Vec<Part>,
}

/// A part of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These characters.
    Known(String),
    /// A value that is known only after deployment, by the name of its source, such as `AWS::AccountId`.
    Open(String),
}

impl Text {
    /// A string known in full.
    pub fn known(span: Span, text: impl Into<String>) -> Self {
        Self { span, parts: vec![Part::Known(text.into())] }
    }

    /// A string that is known only after deployment.
    pub fn open(span: Span, name: impl Into<String>) -> Self {
        Self { span, parts: vec![Part::Open(name.into())] }
    }

    /// The string, if it is known in full.
    pub fn as_str(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Known(text)] => Some(text),
            _ => None,
        }
    }

    /// The known characters at its beginning.
    pub fn prefix(&self) -> &str {
        match self.parts.first() {
            Some(Part::Known(text)) => text,
            _ => "",
        }
    }

    /// The known characters at its end.
    pub fn suffix(&self) -> &str {
        match self.parts.last() {
            Some(Part::Known(text)) => text,
            _ => "",
        }
    }

    /// Appends parts, merging adjacent known parts.
    pub fn extend(&mut self, parts: impl IntoIterator<Item = Part>) {
        for part in parts {
            match (self.parts.last_mut(), part) {
                (Some(Part::Known(text)), Part::Known(more)) => text.push_str(&more),
                (_, Part::Known(more)) if more.is_empty() => {}
                (_, part) => self.parts.push(part),
            }
        }
    }
}

/// As in `Fn::Sub`: open parts as `${name}`.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Known(text) => f.write_str(text),
            Part::Open(name) => write!(f, "${{{name}}}"),
        })
    }
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// Unknown characters.
    Open,
}

/// The value of a policy variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// These characters; wildcards in them are literal.
    Value(String),
    /// The request does not have the key.
    Missing,
    /// Not known.
    Unknown,
}

/// The syntax of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a policy variable: the policy has `"Version": "2012-10-17"` and the operator supports variables.
    pub variables: bool,
}

impl Pattern {
    /// Reads a string; `lookup` gives the value of a policy variable by the name of its key.
    ///
    /// `None` if a variable has neither value nor default: then the string is "effectively null" and matches nothing
    /// (`reference_policies_variables`, "Policy variables with no value").
    pub fn new(text: &Text, syntax: Syntax, lookup: &dyn Fn(&str) -> Variable) -> Option<Self> {
        let mut tokens = Vec::new();
        for part in &text.parts {
            match part {
                Part::Known(text) => read(text, syntax, lookup, &mut tokens)?,
                Part::Open(_) => tokens.push(Token::Open),
            }
        }
        Some(Self(tokens))
    }

    /// Whether the pattern matches `actual`; unknown if that depends on an open part.
    pub fn matches(&self, actual: &str) -> Truth {
        self.compare(&actual.chars().collect::<Vec<_>>(), |a, b| (a == b).into())
    }

    /// Like [`Pattern::matches`], ignoring case.
    pub fn matches_ignoring_case(&self, actual: &str) -> Truth {
        let same = |a: char, b: char| a == b || a.to_lowercase().eq(b.to_lowercase());
        self.compare(&actual.chars().collect::<Vec<_>>(), |a, b| same(a, b).into())
    }

    /// Like [`Pattern::matches`], for a partly known string.
    pub(super) fn matches_symbols(&self, actual: &[Symbol]) -> Truth {
        self.compare(actual, |wanted, symbol| match symbol {
            Symbol::Char(char) => (wanted == char).into(),
            Symbol::Digit if wanted.is_ascii_hexdigit() => Truth::Unknown,
            Symbol::Digit => Truth::False,
        })
    }

    /// Whether it matches `actual` as an ARN: the six parts between colons are compared separately, so a wildcard never
    /// matches a colon (`Conditions_ARN`).
    pub fn matches_arn(&self, actual: &str) -> Truth {
        let parts: Vec<&[Token]> = self.0.splitn(6, |token| *token == Token::Char(':')).collect();
        let actual: Vec<&str> = actual.splitn(6, ':').collect();
        if self.0.contains(&Token::Open) && parts.len() < 6 {
            return Truth::Unknown;
        }
        if parts.len() != 6 || actual.len() != 6 {
            return Truth::False;
        }
        Truth::all(parts.iter().zip(actual).map(|(part, actual)| Self(part.to_vec()).matches(actual)))
    }

    /// Whether it matches every string: one or more `*`.
    pub fn matches_everything(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|token| *token == Token::Many)
    }

    fn compare<S: Copy>(&self, actual: &[S], same: impl Fn(char, S) -> Truth) -> Truth {
        // Whether the tokens so far match everything before each position of `actual`.
        let mut reached = vec![Truth::False; actual.len() + 1];
        reached[0] = Truth::True;
        for token in &self.0 {
            let mut next = vec![Truth::False; actual.len() + 1];
            match token {
                Token::Char(_) | Token::One => {
                    for (at, &symbol) in actual.iter().enumerate() {
                        next[at + 1] = match token {
                            Token::Char(wanted) if reached[at] > Truth::False => reached[at].min(same(*wanted, symbol)),
                            _ => reached[at],
                        };
                    }
                }
                Token::Many | Token::Open => {
                    let limit = if *token == Token::Open { Truth::Unknown } else { Truth::True };
                    let mut seen = Truth::False;
                    for (at, next) in next.iter_mut().enumerate() {
                        seen = seen.max(reached[at].min(limit));
                        *next = seen;
                    }
                }
            }
            reached = next;
        }
        reached[actual.len()]
    }
}

fn read(text: &str, syntax: Syntax, lookup: &dyn Fn(&str) -> Variable, tokens: &mut Vec<Token>) -> Option<()> {
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        if syntax.variables
            && let Some((inner, after)) = rest.strip_prefix("${").and_then(close)
        {
            variable(inner, lookup, tokens)?;
            rest = after;
            continue;
        }
        tokens.push(match char {
            '*' if syntax.wildcards => Token::Many,
            '?' if syntax.wildcards => Token::One,
            char => Token::Char(char),
        });
        rest = &rest[char.len_utf8()..];
    }
    Some(())
}

/// Splits after the closing brace of a variable; quoted defaults may contain braces.
fn close(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, char) in text.char_indices() {
        match char {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// `key`, `key, 'default'`, or one of the escapes `*`, `?` and `$`.
fn variable(inner: &str, lookup: &dyn Fn(&str) -> Variable, tokens: &mut Vec<Token>) -> Option<()> {
    if let "*" | "?" | "$" = inner {
        tokens.extend(inner.chars().map(Token::Char));
        return Some(());
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => (key, default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''))),
        None => (inner, None),
    };
    match (lookup(key.trim()), default) {
        (Variable::Value(value), _) => tokens.extend(value.chars().map(Token::Char)),
        (Variable::Missing, Some(default)) => tokens.extend(default.chars().map(Token::Char)),
        (Variable::Missing, None) => return None,
        (Variable::Unknown, _) => tokens.push(Token::Open),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIKE: Syntax = Syntax { wildcards: true, variables: true };
    const EQUALS: Syntax = Syntax { wildcards: false, variables: true };

    fn pattern(text: &str, syntax: Syntax) -> Option<Pattern> {
        Pattern::new(&Text::known(Span::default(), text), syntax, &|key| match key {
            "aws:name" => Variable::Value("a*b".into()),
            "aws:later" => Variable::Unknown,
            _ => Variable::Missing,
        })
    }

    #[test]
    fn wildcards_and_variables() {
        for (text, syntax, actual, expected) in [
            ("{a}:*", LIKE, "{a}:{b}:{c}", Truth::True),
            ("{a}:*", EQUALS, "{a}:{b}", Truth::False),
            ("{a}:*", EQUALS, "{a}:*", Truth::True),
            ("a?c", LIKE, "aéc", Truth::True),
            ("a?c", LIKE, "ac", Truth::False),
            ("*a*a*a*b", LIKE, &"a".repeat(200), Truth::False),
            ("${*}${?}${$}", LIKE, "*?$", Truth::True),
            ("${*}", LIKE, "x", Truth::False),
            ("x${aws:name}", LIKE, "xa*b", Truth::True),
            ("x${aws:name}", LIKE, "xaccb", Truth::False),
            ("${ aws:none , 'no }' }", LIKE, "no }", Truth::True),
            ("x${aws:later}", LIKE, "xyz", Truth::Unknown),
            ("x${aws:later}", LIKE, "yz", Truth::False),
            ("${open", LIKE, "${open", Truth::True),
        ] {
            assert_eq!(pattern(text, syntax).unwrap().matches(actual), expected, "{text} {actual}");
        }
        assert_eq!(pattern("x${aws:none}", LIKE), None);
        let literal = Syntax { wildcards: true, variables: false };
        assert_eq!(pattern("${aws:name}", literal).unwrap().matches("${aws:name}"), Truth::True);
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        for (text, actual, expected) in [
            ("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/a:b", Truth::True),
            ("arn:aws:*:role/a", "arn:aws:iam::1:role/a", Truth::False),
            ("arn:aws:iam::1:*", "arn:aws:iam::12:role/a", Truth::False),
            ("*", "arn:aws:iam::12:role/a", Truth::False),
        ] {
            assert_eq!(pattern(text, LIKE).unwrap().matches_arn(actual), expected, "{text} {actual}");
        }
    }
}
