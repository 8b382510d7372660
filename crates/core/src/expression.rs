//! The expression language of step conditions and triggers.
//!
//! `condition.state` of a step and `condition` of a trigger hold a boolean expression:
//!
//! ```text
//! (critical_count == 0 || FORCE == true) && glob(BITBUCKET_BRANCH, "release/*")
//! ```
//!
//! [`Expression::parse`] reads any text: after a syntax error it continues, so that every error is found in one run.
//! [`Expression::check`] then looks for what is well-formed and wrong. Spans are byte offsets into the expression's own
//! text, that is, into the value of the YAML scalar.
//!
//! Source: <https://support.atlassian.com/bitbucket-cloud/docs/expression-language>. Strings are in double quotes,
//! variables are written without `$`, `null` does not exist, and the result must be a boolean. What that page does not
//! say is reported with [`Problem::confirmed`] unset. In particular,
//! <https://support.atlassian.com/bitbucket-cloud/docs/dynamic-step-conditions/> compares with values without quotes, so
//! a bare value is never called an error.

mod check;
mod parser;
mod problem;
mod token;
mod vocabulary;

pub use check::{Context, Scope};
pub use problem::{Problem, ProblemKind};
pub use vocabulary::{FUNCTIONS, Function, NAMES, Name, OPERATORS, Values, function_documentation, name_documentation};

use crate::text::Span;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The whole expression; `None` when there is no operand in it at all.
    pub root: Option<Node>,
    /// Syntax errors, in the order of their places.
    pub problems: Vec<Problem>,
    /// Length in characters, blanks included.
    pub characters: usize,
}

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its text, without the parentheses around it.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A string, number or boolean.
    Literal(Literal),
    /// A variable.
    Name(String),
    /// `!operand`
    Not(Box<Node>),
    /// Operands joined by `&&`.
    All(Vec<Node>),
    /// Operands joined by `||`.
    Any(Vec<Node>),
    /// `left == right` and the like.
    Comparison {
        /// The operator; `None` when the language does not have it.
        operator: Option<Comparison>,
        /// The operator's place.
        operator_span: Span,
        /// The operands.
        operands: Box<[Node; 2]>,
    },
    /// `function(argument, …)`
    Call {
        /// The function's name.
        function: String,
        /// The name's place.
        function_span: Span,
        /// The arguments.
        arguments: Vec<Node>,
    },
    /// An operand whose value is unknown: missing, misspelled beyond recognition, or a `${{NAME}}` template.
    Unknown,
}

/// A literal value.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `"text"`, without the quotes.
    String(String),
    /// `42`, `3.14`
    Number(f64),
    /// `true`, `false`
    Boolean(bool),
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Expression {
    /// Parses an expression. Time and memory grow with its length; nesting past 48 levels is reported and not read.
    pub fn parse(text: &str) -> Self {
        parser::parse(text)
    }

    /// The problems, each for its own cause: only the first place where the grammar stops, and beyond a syntax error
    /// nothing about types and values. In the order of their places.
    pub fn causes(&self, scope: &Scope<'_>) -> Vec<Problem> {
        let mut problems = self.check(scope);
        let operators: Vec<Span> = problems
            .iter()
            .filter(|problem| matches!(problem.kind, ProblemKind::UnknownOperator { .. }))
            .map(|problem| problem.span)
            .collect();
        problems.retain(|problem| !(problem.is_structural() && operators.contains(&problem.span)));
        let stops = problems.iter().position(Problem::is_structural);
        let mut index = 0;
        problems.retain(|problem| {
            let first = stops == Some(index);
            index += 1;
            let follows = problem.is_structural()
                || matches!(
                    problem.kind,
                    ProblemKind::NotBoolean { .. }
                        | ProblemKind::Constant { .. }
                        | ProblemKind::UnquotedString
                        | ProblemKind::DollarInString { .. }
                );
            first || stops.is_none() || !follows
        });
        problems
    }

    /// Every problem: the syntax errors, and what is wrong in a well-formed part. In the order of their places.
    pub fn check(&self, scope: &Scope<'_>) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        check::check(self, scope, &mut problems);
        problems.sort_by_key(|problem| problem.span);
        problems
    }

    /// The variables that it reads, with their places, in order.
    pub fn names(&self) -> Vec<(&str, Span)> {
        let mut names = Vec::new();
        if let Some(root) = &self.root {
            root.visit(&mut |node| {
                if let Kind::Name(name) = &node.kind {
                    names.push((name.as_str(), node.span));
                }
            });
        }
        names
    }

    /// The innermost node at an offset, for hover.
    pub fn node_at(&self, offset: usize) -> Option<&Node> {
        let mut found = None;
        if let Some(root) = &self.root {
            root.visit(&mut |node| {
                if node.span.start <= offset && offset < node.span.end {
                    found = Some(node);
                }
            });
        }
        found
    }
}

impl Node {
    /// Calls `visitor` with the node and everything in it, parents first. The parser bounds the depth.
    fn visit<'n>(&'n self, visitor: &mut impl FnMut(&'n Self)) {
        visitor(self);
        match &self.kind {
            Kind::Literal(_) | Kind::Name(_) | Kind::Unknown => {}
            Kind::Not(operand) => operand.visit(visitor),
            Kind::All(operands) | Kind::Any(operands) | Kind::Call { arguments: operands, .. } => {
                for operand in operands {
                    operand.visit(visitor);
                }
            }
            Kind::Comparison { operands, .. } => {
                for operand in operands.as_ref() {
                    operand.visit(visitor);
                }
            }
        }
    }
}

impl Comparison {
    const ALL: [Self; 6] =
        [Self::Equal, Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];

    fn from_symbol(symbol: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.symbol() == symbol)
    }

    /// The operator as it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Literal {
    /// What diagnostics call its type.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Number(_) => "a number",
            Self::Boolean(_) => "a boolean",
        }
    }
}

#[cfg(test)]
mod tests;
