//! The tokens of an expression.

use super::{Comparison, Literal, Problem, ProblemKind};
use crate::text::Span;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) span: Span,
    pub(super) kind: TokenKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Literal(Literal),
    Name(String),
    /// A template, or a value that cannot be read.
    Unknown,
    Not,
    And,
    Or,
    /// `None` where the operator is not one of the language.
    Comparison(Option<Comparison>),
    Open,
    Close,
    Comma,
}

/// Spellings of operators from longest to shortest, so that the first that fits counts, with the operator that is meant.
/// The second column is what the language has; it differs where the spelling comes from another language.
const OPERATORS: [(&str, Option<&str>); 20] = [
    ("===", Some("==")),
    ("!==", Some("!=")),
    ("==", Some("==")),
    ("!=", Some("!=")),
    ("<=", Some("<=")),
    (">=", Some(">=")),
    ("&&", Some("&&")),
    ("||", Some("||")),
    ("<>", Some("!=")),
    ("=<", Some("<=")),
    ("=>", Some(">=")),
    ("=~", None),
    ("!~", None),
    ("!", Some("!")),
    ("<", Some("<")),
    (">", Some(">")),
    ("=", Some("==")),
    ("&", Some("&&")),
    ("|", Some("||")),
    ("~", None),
];

/// Splits an expression. Every byte belongs to a token, a blank or a problem.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<Problem>) {
    let mut reader = Reader { text, at: 0, tokens: Vec::new(), problems: Vec::new() };
    while let Some(letter) = reader.rest().chars().next() {
        reader.token(letter);
    }
    (reader.tokens, reader.problems)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self, letter: char) {
        match letter {
            _ if letter.is_whitespace() => self.at += letter.len_utf8(),
            '(' => self.punctuation(TokenKind::Open),
            ')' => self.punctuation(TokenKind::Close),
            ',' => self.punctuation(TokenKind::Comma),
            '"' | '\'' => self.string(letter),
            '$' => self.dollar(),
            '0'..='9' | '-' | '.' => self.number(letter),
            _ if is_name_start(letter) => self.name(),
            _ => self.operator(letter),
        }
    }

    fn push(&mut self, length: usize, kind: TokenKind) -> Span {
        let span = Span::new(self.at, self.at + length);
        self.tokens.push(Token { span, kind });
        self.at = span.end;
        span
    }

    fn punctuation(&mut self, kind: TokenKind) {
        self.push(1, kind);
    }

    fn string(&mut self, quote: char) {
        let body = &self.rest()[1..];
        let mut escaped = false;
        let end = body.find(|letter: char| {
            let ends = letter == quote && !escaped;
            // Whether strings know escapes is not documented; a quote behind a backslash is taken as one.
            escaped = letter == '\\' && !escaped;
            ends
        });
        let content = &body[..end.unwrap_or(body.len())];
        let length = content.len() + 1 + usize::from(end.is_some());
        let span = self.push(length, TokenKind::Literal(Literal::String(content.to_owned())));
        if end.is_none() {
            self.problems.push(Problem::certain(span, ProblemKind::UnterminatedString));
        } else if quote == '\'' {
            let fits = !content.contains('"');
            let problem = Problem::uncertain(span, ProblemKind::SingleQuotes);
            self.problems.push(if fits { problem.replace_with(format!("\"{content}\"")) } else { problem });
        }
    }

    fn dollar(&mut self) {
        let rest = self.rest();
        if rest.starts_with("${{") {
            // Filled in before the expression is read, so that its value cannot be judged.
            let length = rest.find("}}").map_or(rest.len(), |end| end + 2);
            self.push(length, TokenKind::Unknown);
            return;
        }
        let inner = rest.strip_prefix("${").or_else(|| rest.strip_prefix('$')).unwrap_or_default();
        let name = &inner[..inner.find(|letter| !is_name_part(letter)).unwrap_or(inner.len())];
        let braces = rest.starts_with("${");
        if name.is_empty() || !name.starts_with(is_name_start) || braces && !inner[name.len()..].starts_with('}') {
            return self.unexpected('$');
        }
        let length = name.len() + if braces { 3 } else { 1 };
        let span = self.push(length, TokenKind::Name(name.to_owned()));
        self.problems
            .push(Problem::certain(span, ProblemKind::Dollar { name: name.to_owned() }).replace_with(name.to_owned()));
    }

    fn number(&mut self, first: char) {
        let rest = self.rest();
        let end =
            rest[1..].find(|letter: char| !letter.is_ascii_digit() && letter != '.').map_or(rest.len(), |at| at + 1);
        // `1-2`, `10.0.0.1` and `3a` are values without quotes.
        let value = rest[..end].parse::<f64>().ok().filter(|_| !rest[end..].starts_with(is_value_part));
        match value {
            Some(number) => {
                self.push(end, TokenKind::Literal(Literal::Number(number)));
            }
            None if first.is_ascii_digit() => self.bare_value(),
            None => self.unexpected(first),
        }
    }

    fn name(&mut self) {
        let rest = self.rest();
        let name = &rest[..rest.find(|letter| !is_name_part(letter)).unwrap_or(rest.len())];
        if rest[name.len()..].starts_with(is_value_part) {
            return self.bare_value();
        }
        let operator = |text: &str| match text {
            "and" => Some((TokenKind::And, "&&")),
            "or" => Some((TokenKind::Or, "||")),
            "not" => Some((TokenKind::Not, "!")),
            _ => None,
        };
        if let Some((kind, symbol)) = operator(&name.to_ascii_lowercase()) {
            let found = name.to_owned();
            let span = self.push(name.len(), kind);
            let problem = Problem::certain(span, ProblemKind::UnknownOperator { found, suggestion: Some(symbol) });
            self.problems.push(problem.replace_with(symbol.to_owned()));
            return;
        }
        let kind = match name {
            "true" => TokenKind::Literal(Literal::Boolean(true)),
            "false" => TokenKind::Literal(Literal::Boolean(false)),
            "null" => {
                let span = self.push(name.len(), TokenKind::Unknown);
                self.problems.push(Problem::certain(span, ProblemKind::Null));
                return;
            }
            _ => TokenKind::Name(name.to_owned()),
        };
        self.push(name.len(), kind);
    }

    /// A value such as `release/1.2` that Atlassian's page on step conditions would write without quotes.
    fn bare_value(&mut self) {
        let rest = self.rest();
        let end = rest.find(|letter| !is_name_part(letter) && !is_value_part(letter)).unwrap_or(rest.len());
        let value = &rest[..end];
        let span = self.push(end, TokenKind::Literal(Literal::String(value.to_owned())));
        self.problems.push(Problem::uncertain(span, ProblemKind::UnquotedString).replace_with(format!("\"{value}\"")));
    }

    fn operator(&mut self, letter: char) {
        let rest = self.rest();
        let Some((found, meant)) = OPERATORS.iter().find(|(spelling, _)| rest.starts_with(spelling)) else {
            return self.unexpected(letter);
        };
        let kind = match meant {
            Some("&&") => TokenKind::And,
            Some("||") => TokenKind::Or,
            Some("!") => TokenKind::Not,
            symbol => TokenKind::Comparison(symbol.and_then(Comparison::from_symbol)),
        };
        let span = self.push(found.len(), kind);
        if *meant != Some(*found) {
            let kind = ProblemKind::UnknownOperator { found: (*found).to_owned(), suggestion: *meant };
            let problem = Problem::certain(span, kind);
            self.problems.push(match meant {
                Some(meant) => problem.replace_with((*meant).to_owned()),
                None => problem,
            });
        }
    }

    /// Reports a run of characters that mean nothing once, at the first of them.
    fn unexpected(&mut self, letter: char) {
        let span = Span::new(self.at, self.at + letter.len_utf8());
        let follows = self.problems.last().is_some_and(|problem| {
            problem.span.end == span.start && matches!(problem.kind, ProblemKind::UnexpectedCharacter(_))
        });
        match self.problems.last_mut() {
            Some(last) if follows => last.span.end = span.end,
            _ => self.problems.push(Problem::certain(span, ProblemKind::UnexpectedCharacter(letter))),
        }
        self.at = span.end;
    }
}

fn is_name_start(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_'
}

fn is_name_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Characters of branches, versions and paths that no name has.
fn is_value_part(letter: char) -> bool {
    matches!(letter, '-' | '/' | '.' | ':' | '*' | '@' | '+') || letter.is_alphanumeric() && !is_name_part(letter)
}
