//! What can be wrong with an expression.

use super::vocabulary::FUNCTIONS;
use crate::text::Span;

/// Something wrong in an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Its place in the expression's text.
    pub span: Span,
    /// What is wrong.
    pub kind: ProblemKind,
    /// Whether Atlassian documents it. What is inferred, or documented differently on two pages, is not confirmed.
    pub confirmed: bool,
    /// What to put in the place of [`Problem::span`], where one correction is plain.
    pub replacement: Option<String>,
}

/// A kind of problem.
#[derive(Clone, Debug, PartialEq)]
pub enum ProblemKind {
    /// Nothing, or nothing between parentheses.
    Empty,
    /// `$NAME` or `${NAME}`.
    Dollar {
        /// The variable.
        name: String,
    },
    /// `$NAME` inside a string, which is not expanded.
    DollarInString {
        /// The variable.
        name: String,
    },
    /// An operator of another language.
    UnknownOperator {
        /// As written.
        found: String,
        /// What this language has instead.
        suggestion: Option<&'static str>,
    },
    /// A string in single quotes.
    SingleQuotes,
    /// A string without its closing quote.
    UnterminatedString,
    /// A value that no name can be, without quotes.
    UnquotedString,
    /// A character that means nothing here.
    UnexpectedCharacter(char),
    /// An operator without the operand before or after it.
    MissingOperand {
        /// The operator.
        operator: String,
        /// Whether the left operand is missing.
        before: bool,
    },
    /// Two operands with nothing between them.
    MissingOperator {
        /// The second operand's first token.
        found: String,
    },
    /// `(` without `)`.
    UnclosedParenthesis,
    /// `)` without `(`.
    UnmatchedParenthesis,
    /// `a == b == c`
    ChainedComparison,
    /// `null`
    Null,
    /// Nested past the parser's limit.
    TooDeep,
    /// More characters than Bitbucket accepts.
    TooLong {
        /// The characters.
        characters: usize,
        /// How many are accepted.
        maximum: usize,
    },
    /// A variable that nothing defines, close to one that exists.
    UnknownName {
        /// As written.
        name: String,
        /// What is probably meant.
        nearest: Option<String>,
    },
    /// A variable that is not set when the expression is evaluated.
    UnavailableName {
        /// The variable.
        name: String,
        /// Where it is set.
        available: &'static str,
    },
    /// A function that does not exist.
    UnknownFunction {
        /// As written.
        name: String,
        /// What is probably meant.
        nearest: Option<&'static str>,
    },
    /// Too few or too many arguments.
    ArgumentCount {
        /// The function.
        function: &'static str,
        /// How many it takes, in words.
        expected: &'static str,
        /// How many are given.
        found: usize,
    },
    /// A pattern that is not a string.
    PatternNotString,
    /// `glob("pattern", NAME)`
    SwappedArguments,
    /// The result, or an operand of `&&`, `||` or `!`, is a string or a number.
    NotBoolean {
        /// What it is: `a string`, `a number`.
        found: &'static str,
    },
    /// A part whose value does not depend on anything, or cannot be the other one.
    Constant {
        /// The value.
        value: bool,
        /// Why, as a clause; empty where it is plain.
        reason: String,
        /// What to do instead; empty where nothing is plain.
        help: &'static str,
    },
}

impl Problem {
    /// Whether the grammar stops here: what follows is read differently than it was meant.
    pub(super) const fn is_structural(&self) -> bool {
        matches!(
            self.kind,
            ProblemKind::UnexpectedCharacter(_)
                | ProblemKind::MissingOperand { .. }
                | ProblemKind::MissingOperator { .. }
                | ProblemKind::UnclosedParenthesis
                | ProblemKind::UnmatchedParenthesis
                | ProblemKind::UnterminatedString
                | ProblemKind::TooDeep
        )
    }

    pub(super) fn certain(span: Span, kind: ProblemKind) -> Self {
        Self { span, kind, confirmed: true, replacement: None }
    }

    pub(super) fn uncertain(span: Span, kind: ProblemKind) -> Self {
        Self { span, kind, confirmed: false, replacement: None }
    }

    pub(super) fn replace_with(self, replacement: String) -> Self {
        Self { replacement: Some(replacement), ..self }
    }

    /// What is wrong, for a diagnostic.
    pub fn message(&self) -> String {
        match &self.kind {
            ProblemKind::Empty => "expression is empty".to_owned(),
            ProblemKind::Dollar { name } => format!("variable `{name}` is written with `$` in an expression"),
            ProblemKind::DollarInString { name } => {
                format!("variables are not expanded in a string, so `${name}` is compared as it is")
            }
            ProblemKind::UnknownOperator { found, .. } => format!("unknown operator `{found}`"),
            ProblemKind::SingleQuotes => "string in single quotes".to_owned(),
            ProblemKind::UnterminatedString => "unterminated string".to_owned(),
            ProblemKind::UnquotedString => "string without quotes".to_owned(),
            ProblemKind::UnexpectedCharacter(character) => format!("unexpected character `{character}`"),
            ProblemKind::MissingOperand { operator, before } => {
                format!("missing operand {} `{operator}`", if *before { "before" } else { "after" })
            }
            ProblemKind::MissingOperator { found } => format!("missing operator before `{found}`"),
            ProblemKind::UnclosedParenthesis => "unclosed `(`".to_owned(),
            ProblemKind::UnmatchedParenthesis => "unmatched `)`".to_owned(),
            ProblemKind::ChainedComparison => "comparisons cannot be chained".to_owned(),
            ProblemKind::Null => "`null` is not supported in expressions".to_owned(),
            ProblemKind::TooDeep => "expression is nested too deeply".to_owned(),
            ProblemKind::TooLong { characters, maximum } => {
                format!("expression must have at most {maximum} characters, found {characters}")
            }
            ProblemKind::UnknownName { name, .. } => format!("unknown variable `{name}`"),
            ProblemKind::UnavailableName { name, available } => {
                format!("`{name}` is not set when this expression is evaluated; it is set {available}")
            }
            ProblemKind::UnknownFunction { name, .. } => format!("unknown function `{name}`"),
            ProblemKind::ArgumentCount { function, expected, found } => {
                format!("`{function}` takes {expected}, found {found}")
            }
            ProblemKind::PatternNotString => "the pattern of `glob` must be a string in double quotes".to_owned(),
            ProblemKind::SwappedArguments => "arguments of `glob` are in the wrong order".to_owned(),
            ProblemKind::NotBoolean { found } => format!("expression must be a boolean, found {found}"),
            ProblemKind::Constant { value, reason, .. } => {
                let separator = if reason.is_empty() { "" } else { ": " };
                format!("condition is always {value}{separator}{reason}")
            }
        }
    }

    /// What to do, for a diagnostic's help.
    pub fn help(&self) -> Option<String> {
        let help = match &self.kind {
            ProblemKind::Dollar { name } => format!("change it to `{name}`"),
            ProblemKind::DollarInString { name } => format!("use `{name}` without quotes"),
            ProblemKind::UnknownOperator { found, suggestion: None } if found.contains('~') => {
                "use `glob(NAME, \"pattern\")` to compare with a pattern".to_owned()
            }
            ProblemKind::UnknownOperator { suggestion, .. } => format!("use `{}`", (*suggestion)?),
            ProblemKind::SingleQuotes | ProblemKind::UnquotedString => match &self.replacement {
                Some(replacement) => format!("use double quotes: `{replacement}`"),
                None => "use double quotes".to_owned(),
            },
            ProblemKind::UnterminatedString => "add the closing quote".to_owned(),
            ProblemKind::MissingOperator { .. } => "join the two with `&&`, `||` or a comparison".to_owned(),
            ProblemKind::UnclosedParenthesis => "add `)`".to_owned(),
            ProblemKind::UnmatchedParenthesis => "remove it, or add `(`".to_owned(),
            ProblemKind::ChainedComparison => "join two comparisons with `&&`".to_owned(),
            ProblemKind::Null => "compare with the string `\"null\"` if the variable holds it".to_owned(),
            ProblemKind::UnknownName { nearest, .. } => format!("did you mean `{}`?", nearest.as_deref()?),
            ProblemKind::UnknownFunction { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            ProblemKind::UnknownFunction { nearest: None, .. } => {
                let names: Vec<String> = FUNCTIONS.iter().map(|function| format!("`{}`", function.name)).collect();
                format!("the functions are {}", names.join(", "))
            }
            ProblemKind::PatternNotString | ProblemKind::SwappedArguments => "use `glob(NAME, \"pattern\")`".to_owned(),
            ProblemKind::Constant { help, .. } if !help.is_empty() => (*help).to_owned(),
            ProblemKind::UnexpectedCharacter(_) | ProblemKind::NotBoolean { .. } => {
                "use comparisons such as `NAME == \"value\"`, joined with `&&` or `||`".to_owned()
            }
            ProblemKind::MissingOperand { .. } => "add a value, or remove the operator".to_owned(),
            ProblemKind::ArgumentCount { function, .. } => {
                format!("use `{}`", FUNCTIONS.iter().find(|known| known.name == *function)?.signature)
            }
            ProblemKind::UnavailableName { .. } => "remove it, or use a variable that is set before".to_owned(),
            _ => return None,
        };
        Some(help)
    }
}
