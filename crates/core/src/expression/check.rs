//! What is wrong in an expression that can be read.

use std::collections::HashMap;

use super::{
    Comparison, Expression, Kind, Literal, Node, Problem, ProblemKind,
    vocabulary::{FUNCTIONS, Function, NAMES, Values, known_name},
};
use crate::{
    facts::{Availability, availability},
    script::is_name,
    spelling::nearest,
    text::Span,
};

/// Bitbucket's schema: `state` has 1 to 1000 characters.
const MAX_STATE_LENGTH: usize = 1000;

/// How many declared names before and behind an unknown one are compared with it.
const NEIGHBORS: usize = 32;

/// Where an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// `condition.state` of a step or stage, evaluated just before it starts.
    State,
    /// `condition` of a trigger, evaluated before there is a pipeline.
    Trigger,
}

/// What an expression can refer to.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'s> {
    /// Where it is.
    pub context: Context,
    /// Variables that the file defines: output variables, those of custom pipelines; sorted. They only serve to find
    /// misspellings; a name that is not among them may come from Bitbucket's settings.
    pub declared: &'s [&'s str],
}

pub(super) fn check(expression: &Expression, scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    if scope.context == Context::State && expression.characters > MAX_STATE_LENGTH {
        let kind = ProblemKind::TooLong { characters: expression.characters, maximum: MAX_STATE_LENGTH };
        problems.push(Problem::certain(Span::default(), kind));
    }
    let Some(root) = &expression.root else { return };
    let mut checker = Checker { scope, problems };
    if let Kind::Literal(literal) = &root.kind {
        match literal {
            Literal::Boolean(value) => checker.constant(root.span, *value, String::new(), "", true),
            _ => checker.not_boolean(root, literal, true),
        }
    }
    root.visit(&mut |node| checker.node(node));
}

struct Checker<'c> {
    scope: &'c Scope<'c>,
    problems: &'c mut Vec<Problem>,
}

impl Checker<'_> {
    fn certain(&mut self, span: Span, kind: ProblemKind) {
        self.problems.push(Problem::certain(span, kind));
    }

    fn uncertain(&mut self, span: Span, kind: ProblemKind) {
        self.problems.push(Problem::uncertain(span, kind));
    }

    fn constant(&mut self, span: Span, value: bool, reason: String, help: &'static str, confirmed: bool) {
        let kind = ProblemKind::Constant { value, reason, help };
        self.problems.push(Problem { span, kind, confirmed, replacement: None });
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Unknown => {}
            Kind::Literal(literal) => self.literal(node.span, literal),
            Kind::Name(name) => self.name(node.span, name),
            Kind::Not(operand) => self.operands(std::slice::from_ref(operand)),
            Kind::All(operands) => {
                self.operands(operands);
                self.contradiction(operands, Comparison::Equal);
            }
            Kind::Any(operands) => {
                self.operands(operands);
                self.contradiction(operands, Comparison::NotEqual);
            }
            Kind::Comparison { operator, operands, .. } => {
                if let Some(operator) = operator {
                    self.comparison(node.span, *operator, operands);
                }
            }
            Kind::Call { function, function_span, arguments } => {
                self.call(node.span, function, *function_span, arguments);
            }
        }
    }

    /// Operands of `&&`, `||` and `!`; that they must be booleans follows from the result having to be one.
    fn operands(&mut self, operands: &[Node]) {
        for operand in operands {
            if let Kind::Literal(literal) = &operand.kind {
                self.not_boolean(operand, literal, false);
            }
        }
    }

    fn not_boolean(&mut self, node: &Node, literal: &Literal, confirmed: bool) {
        if !matches!(literal, Literal::Boolean(_)) {
            let kind = ProblemKind::NotBoolean { found: literal.type_name() };
            self.problems.push(Problem { span: node.span, kind, confirmed, replacement: None });
        }
    }

    fn literal(&mut self, span: Span, literal: &Literal) {
        let Literal::String(text) = literal else { return };
        let Some((_, after)) = text.split_once('$') else { return };
        let after = after.strip_prefix('{').unwrap_or(after);
        let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(after.len());
        if is_name(&after[..end]) {
            self.uncertain(span, ProblemKind::DollarInString { name: after[..end].to_owned() });
        }
    }

    fn name(&mut self, span: Span, name: &str) {
        if let Some(set) = availability(name) {
            if let Some(available) = unavailable(set, name, self.scope.context) {
                self.uncertain(span, ProblemKind::UnavailableName { name: name.to_owned(), available });
            }
            return;
        }
        let Err(index) = self.scope.declared.binary_search(&name) else { return };
        let near = match name.to_ascii_lowercase().as_str() {
            "true" => Some("true"),
            "false" => Some("false"),
            _ if name.starts_with("BITBUCKET_") => nearest(name, NAMES.iter().map(|known| known.name)),
            _ => {
                // Of many names, those next to it in the alphabet, so that the time stays linear.
                let last = (index + NEIGHBORS).min(self.scope.declared.len());
                nearest(name, self.scope.declared[index.saturating_sub(NEIGHBORS)..last].iter().copied())
            }
        };
        // A name without the prefix may be any variable of the settings; only a near one says that it is not.
        if near.is_some() || name.starts_with("BITBUCKET_") {
            let problem = Problem::uncertain(
                span,
                ProblemKind::UnknownName { name: name.to_owned(), nearest: near.map(str::to_owned) },
            );
            self.problems.push(match near {
                Some(near) => problem.replace_with(near.to_owned()),
                None => problem,
            });
        }
    }

    fn call(&mut self, span: Span, name: &str, name_span: Span, arguments: &[Node]) {
        let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
            let near = nearest(name, FUNCTIONS.iter().map(|function| function.name));
            let problem =
                Problem::certain(name_span, ProblemKind::UnknownFunction { name: name.to_owned(), nearest: near });
            self.problems.push(match near {
                Some(near) => problem.replace_with(near.to_owned()),
                None => problem,
            });
            return;
        };
        let Function { name, arguments: (minimum, maximum), arguments_in_words: expected, confirmed, .. } = *function;
        if !(minimum..=maximum).contains(&arguments.len()) {
            let kind = ProblemKind::ArgumentCount { function: name, expected, found: arguments.len() };
            self.problems.push(Problem { span, kind, confirmed, replacement: None });
            return;
        }
        if name != "glob" {
            return;
        }
        let [value, pattern] = arguments else { return };
        match (&value.kind, &pattern.kind) {
            (Kind::Literal(Literal::String(_)), Kind::Name(_)) => self.certain(span, ProblemKind::SwappedArguments),
            (_, Kind::Literal(Literal::String(_)) | Kind::Unknown) => {
                if matches!(value.kind, Kind::Literal(_)) {
                    self.constant_glob(span, value, pattern);
                }
            }
            _ => self.certain(pattern.span, ProblemKind::PatternNotString),
        }
    }

    fn constant_glob(&mut self, span: Span, value: &Node, pattern: &Node) {
        if let (Kind::Literal(Literal::String(value)), Kind::Literal(Literal::String(pattern))) =
            (&value.kind, &pattern.kind)
        {
            let matches = crate::pipeline::glob::matches(pattern, value);
            self.constant(span, matches, "both arguments are strings".to_owned(), "", true);
        }
    }

    fn comparison(&mut self, span: Span, operator: Comparison, [left, right]: &[Node; 2]) {
        match (&left.kind, &right.kind) {
            (Kind::Literal(left), Kind::Literal(right)) => {
                if let Some(value) = compare(operator, left, right) {
                    self.constant(span, value, "both sides are literals".to_owned(), "", true);
                }
            }
            (Kind::Name(one), Kind::Name(other)) if one == other => {
                let value =
                    matches!(operator, Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual);
                self.constant(span, value, format!("`{one}` is compared with itself"), "", true);
            }
            (Kind::Name(name), Kind::Name(value)) if known_name(name).is_some() && self.is_bare_value(value) => {
                let problem = Problem::uncertain(right.span, ProblemKind::UnquotedString);
                self.problems.push(problem.replace_with(format!("\"{value}\"")));
            }
            (Kind::Name(name), Kind::Literal(literal)) | (Kind::Literal(literal), Kind::Name(name)) => {
                let value = match operator {
                    Comparison::Equal => false,
                    Comparison::NotEqual => true,
                    _ => return,
                };
                if let Some((reason, help)) = impossible(name, literal) {
                    self.constant(span, value, reason, help, false);
                }
            }
            _ => {}
        }
    }

    /// Whether a name that is compared with one of Bitbucket's variables is more likely a value: `main`. Variables of the
    /// settings are in capitals by convention.
    fn is_bare_value(&self, name: &str) -> bool {
        let lower = name.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
        lower && self.scope.declared.binary_search(&name).is_err()
    }

    /// `A == "x" && A == "y"` and `A != "x" || A != "y"`.
    fn contradiction(&mut self, operands: &[Node], wanted: Comparison) {
        let mut first: HashMap<&str, &Literal> = HashMap::new();
        for operand in operands {
            let Kind::Comparison { operator, operands, .. } = &operand.kind else { continue };
            let (Kind::Name(name), Kind::Literal(literal)) = (&operands[0].kind, &operands[1].kind) else { continue };
            if *operator != Some(wanted) {
                continue;
            }
            let known = *first.entry(name).or_insert(literal);
            // Values of different types may be the same when they are converted.
            if compare(Comparison::Equal, known, literal) == Some(false) {
                let value = wanted == Comparison::NotEqual;
                let (reason, help) = if value {
                    (format!("`{name}` always differs from one of the values"), "use `&&` to exclude several values")
                } else {
                    (format!("`{name}` cannot have two values"), "use `||` to accept several values")
                };
                self.constant(operand.span, value, reason, help, true);
            }
        }
    }
}

/// The value of a comparison between literals; `None` where it depends on conversions, which are not documented.
fn compare(operator: Comparison, left: &Literal, right: &Literal) -> Option<bool> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match (left, right) {
        (Literal::Number(left), Literal::Number(right)) => left.partial_cmp(right)?,
        (Literal::String(left), Literal::String(right)) => left.cmp(right),
        (Literal::Boolean(left), Literal::Boolean(right)) => left.cmp(right),
        _ => return None,
    };
    match operator {
        Comparison::Equal => Some(order == Equal),
        Comparison::NotEqual => Some(order != Equal),
        // How strings and booleans are ordered is not documented.
        _ if !matches!(left, Literal::Number(_)) => None,
        Comparison::Less => Some(order == Less),
        Comparison::LessOrEqual => Some(order != Greater),
        Comparison::Greater => Some(order == Greater),
        Comparison::GreaterOrEqual => Some(order != Less),
    }
}

/// Why one of Bitbucket's variables never has a value, and what to do.
fn impossible(name: &str, literal: &Literal) -> Option<(String, &'static str)> {
    let known = known_name(name)?;
    let text = match literal {
        Literal::String(text) => text.as_str(),
        Literal::Boolean(_) => match known.values {
            Values::Any | Values::Boolean => return None,
            _ => return Some((format!("`{name}` is not a boolean"), "")),
        },
        Literal::Number(_) => match known.values {
            Values::Any | Values::Number | Values::Reference => return None,
            _ => return Some((format!("`{name}` is not a number"), "")),
        },
    };
    // An empty string asks whether the variable is set.
    if text.is_empty() || text.contains('$') {
        return None;
    }
    match known.values {
        Values::Reference if text.contains(['*', '?', '[']) => {
            Some((format!("`{name}` is compared with `{text}` literally"), "use `glob()` to match a pattern"))
        }
        Values::Reference if text.starts_with("refs/") => {
            Some((format!("`{name}` does not begin with `refs/`"), "use the short name of the branch or tag"))
        }
        Values::Reference if text.contains([' ', '~', '^', ':', '\\']) => {
            Some((format!("`{text}` is not a valid branch or tag name"), ""))
        }
        Values::Boolean if !matches!(text, "true" | "false") => Some((format!("`{name}` is `true` or `false`"), "")),
        Values::Number if text.parse::<i64>().is_err() => Some((format!("`{name}` is a number"), "")),
        Values::Commit if text.len() != 40 => {
            Some((format!("`{name}` has 40 digits"), "use `glob()` to match a prefix"))
        }
        Values::Uuid if !(text.starts_with('{') && text.ends_with('}')) => {
            Some((format!("`{name}` is in braces"), "put the UUID in braces"))
        }
        _ => None,
    }
}

/// Where a variable is set, when it is not set yet where the expression is evaluated.
fn unavailable(set: Availability, name: &str, context: Context) -> Option<&'static str> {
    match (set, context) {
        (Availability::AfterScript, _) => Some("in `after-script`"),
        (Availability::Pipe, _) => Some("in the containers of pipes"),
        (Availability::Oidc, Context::State) => Some("in a step that runs"),
        (Availability::Parallel | Availability::Deployment | Availability::Oidc, Context::Trigger) => {
            Some("in a step that runs")
        }
        (Availability::Always, Context::Trigger) if name.starts_with("BITBUCKET_STEP_") => Some("in a step that runs"),
        _ => None,
    }
}
