//! From tokens to the tree.

use super::{
    Expression, Kind, Node, Problem, ProblemKind,
    token::{Token, TokenKind, tokens},
};
use crate::text::Span;

/// How deep parentheses, calls and negations may nest.
const MAX_DEPTH: usize = 48;

pub(super) fn parse(text: &str) -> Expression {
    let (tokens, problems) = tokens(text);
    let mut parser = Parser { text, tokens: &tokens, at: 0, problems, missing_operator: false, gave_up: false };
    let mut parts: Vec<Node> = parser.expression(0).into_iter().collect();
    // What stops an expression is a `)` or `,` without its beginning.
    while let Some(token) = parser.next() {
        let is_comma = token.kind == TokenKind::Comma;
        let kind = if is_comma { ProblemKind::UnexpectedCharacter(',') } else { ProblemKind::UnmatchedParenthesis };
        parser.certain(token.span, kind);
        parts.extend(parser.expression(0));
    }
    let root = join(Kind::All, parts);
    let Parser { mut problems, .. } = parser;
    if root.is_none() && problems.is_empty() {
        problems.push(Problem::certain(Span::new(0, text.len()), ProblemKind::Empty));
    }
    problems.sort_by_key(|problem| problem.span);
    Expression { root, problems, characters: text.chars().count() }
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    problems: Vec<Problem>,
    /// Whether a missing operator was reported; the rest of a sentence in prose would repeat it at every word.
    missing_operator: bool,
    /// Whether the rest was skipped because it nests too deeply; nothing said about it would be true.
    gave_up: bool,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn next(&mut self) -> Option<&'t Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn certain(&mut self, span: Span, kind: ProblemKind) {
        if !self.gave_up {
            self.problems.push(Problem::certain(span, kind));
        }
    }

    fn slice(&self, span: Span) -> String {
        self.text.get(span.start..span.end).unwrap_or_default().to_owned()
    }

    /// `a || b`
    fn expression(&mut self, depth: usize) -> Option<Node> {
        let mut operands = Vec::new();
        loop {
            operands.extend(self.conjunction(depth));
            match self.peek() {
                Some(TokenKind::Or) => self.operator(operands.is_empty()),
                _ => return join(Kind::Any, operands),
            }
        }
    }

    /// `a && b`
    fn conjunction(&mut self, depth: usize) -> Option<Node> {
        let mut operands = Vec::new();
        loop {
            operands.extend(self.comparison(depth));
            match self.peek() {
                Some(TokenKind::And) => self.operator(operands.is_empty()),
                Some(kind) if starts_operand(kind) => self.juxtaposed(),
                // A comparison without its left side: its right side is not a condition.
                Some(TokenKind::Comparison(_)) => {
                    self.operator(true);
                    operands.extend(self.unary(depth).map(|right| Node { kind: Kind::Unknown, ..right }));
                }
                _ => return join(Kind::All, operands),
            }
        }
    }

    /// Takes an operator and reports when it has no operand before or after it.
    fn operator(&mut self, is_first: bool) {
        let Some(token) = self.next() else { return };
        let operator = self.slice(token.span);
        if is_first {
            self.certain(token.span, ProblemKind::MissingOperand { operator, before: true });
        } else if !self.peek().is_some_and(starts_operand) {
            self.certain(token.span, ProblemKind::MissingOperand { operator, before: false });
        }
    }

    fn juxtaposed(&mut self) {
        let Some(token) = self.tokens.get(self.at) else { return };
        if !std::mem::replace(&mut self.missing_operator, true) {
            let found = self.slice(token.span);
            self.certain(token.span, ProblemKind::MissingOperator { found });
        }
    }

    /// `a == b`
    fn comparison(&mut self, depth: usize) -> Option<Node> {
        let mut left = self.unary(depth)?;
        let mut chained = false;
        while let Some(TokenKind::Comparison(operator)) = self.peek() {
            let operator_span = self.tokens.get(self.at).map(|token| token.span).unwrap_or_default();
            self.operator(false);
            let Some(right) = self.unary(depth) else { continue };
            if matches!(left.kind, Kind::Comparison { .. }) {
                // Only the first is kept, so that a long chain makes no deep tree.
                if !std::mem::replace(&mut chained, true) {
                    self.certain(operator_span, ProblemKind::ChainedComparison);
                }
                continue;
            }
            let span = left.span.cover(right.span);
            let operands = Box::new([left, right]);
            left = Node { span, kind: Kind::Comparison { operator: *operator, operator_span, operands } };
        }
        Some(left)
    }

    /// `!a`
    fn unary(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return self.too_deep();
        }
        if self.peek() != Some(&TokenKind::Not) {
            return self.primary(depth);
        }
        let not = self.tokens.get(self.at).map(|token| token.span).unwrap_or_default();
        self.operator(false);
        let operand = self.unary(depth + 1)?;
        Some(Node { span: not.cover(operand.span), kind: Kind::Not(Box::new(operand)) })
    }

    fn primary(&mut self, depth: usize) -> Option<Node> {
        let token = self.tokens.get(self.at)?;
        let kind = match &token.kind {
            TokenKind::Literal(literal) => Kind::Literal(literal.clone()),
            TokenKind::Unknown => Kind::Unknown,
            TokenKind::Name(name) => {
                self.at += 1;
                if self.peek() == Some(&TokenKind::Open) {
                    return Some(self.call(name, token.span, depth));
                }
                return Some(Node { span: token.span, kind: Kind::Name(name.clone()) });
            }
            TokenKind::Open => {
                self.at += 1;
                return Some(self.group(token.span, depth));
            }
            _ => return None,
        };
        self.at += 1;
        Some(Node { span: token.span, kind })
    }

    fn group(&mut self, open: Span, depth: usize) -> Node {
        let begin = self.at;
        let inner = self.expression(depth + 1);
        if let Some(Token { span: close, kind: TokenKind::Close }) = self.tokens.get(self.at) {
            if self.at == begin {
                self.certain(open.cover(*close), ProblemKind::Empty);
            }
            self.at += 1;
        } else {
            self.certain(open, ProblemKind::UnclosedParenthesis);
        }
        inner.unwrap_or(Node { span: open, kind: Kind::Unknown })
    }

    fn call(&mut self, function: &str, function_span: Span, depth: usize) -> Node {
        let open = self.next().map_or(function_span, |token| token.span);
        let mut arguments = Vec::new();
        let mut end = open;
        loop {
            if let Some(argument) = self.expression(depth + 1) {
                end = end.cover(argument.span);
                arguments.push(argument);
            }
            match self.tokens.get(self.at) {
                Some(Token { span, kind: TokenKind::Comma }) => {
                    end = *span;
                    self.at += 1;
                }
                Some(Token { span, kind: TokenKind::Close }) => {
                    end = *span;
                    self.at += 1;
                    break;
                }
                _ => {
                    self.certain(open, ProblemKind::UnclosedParenthesis);
                    break;
                }
            }
        }
        let kind = Kind::Call { function: function.to_owned(), function_span, arguments };
        Node { span: function_span.cover(end), kind }
    }

    /// Gives up on the whole rest, which keeps the work linear.
    fn too_deep(&mut self) -> Option<Node> {
        let start = self.tokens.get(self.at)?.span;
        self.problems.retain(|problem| problem.span.start < start.start);
        self.certain(start, ProblemKind::TooDeep);
        self.gave_up = true;
        self.at = self.tokens.len();
        None
    }
}

fn starts_operand(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::Literal(_) | TokenKind::Name(_) | TokenKind::Unknown | TokenKind::Not | TokenKind::Open)
}

/// One operand as it is, several joined; those that are joined in the same way already become one list.
fn join(kind: fn(Vec<Node>) -> Kind, mut operands: Vec<Node>) -> Option<Node> {
    if operands.len() < 2 {
        return operands.pop();
    }
    let span = operands.iter().map(|operand| operand.span).reduce(Span::cover)?;
    Some(Node { span, kind: kind(operands) })
}
