//! One condition against one request.

use std::fmt;

use crate::{
    iam::{
        key::{CLAIMS, Key},
        operator::{Comparison, Operator, Quantifier},
        partial::Partial,
        policy::Condition,
        request::{Entry, Request},
        text::{Pattern, Text, Variable},
        truth::Truth,
    },
    oidc::{Issuer, Subject, Uuid},
    text::Span,
};

/// Whether a condition holds.
#[derive(Clone, Debug)]
pub struct ConditionResult {
    /// The operator, as written.
    pub operator: String,
    /// The key, as written.
    pub key: String,
    /// Where the key stands.
    pub span: Span,
    /// Whether it holds.
    pub holds: Truth,
    /// The policy's values, each with whether it matches one of the request's.
    pub expected: Vec<(String, Truth)>,
    /// What the request has.
    pub actual: Entry,
    /// What decided, where it was not the values.
    pub note: Option<Note>,
}

/// What decided over a condition, where it was not the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// IAM has no such operator.
    UnknownOperator,
    /// The request has no such key, and the operator is true then.
    MissingHolds,
    /// The request has no such key, and the operator is false then.
    MissingFails,
    /// IAM makes no such claim of the token available.
    NotExposed,
    /// The key is of another issuer than the token.
    OtherIssuer,
    /// AWS's pages disagree on this combination with observations.
    Undocumented,
    /// The key has a list of values, and the operator has no set qualifier.
    ListWithoutQualifier,
    /// The policy's value has a wildcard that its operator takes as a letter.
    LiteralWildcard,
    /// The policy writes UUIDs without braces.
    NoBraces,
    /// The token is of a repository that the policy does not name.
    OtherRepository,
    /// The policy asks for a deployment environment, and the step has none.
    NoDeployment,
    /// The token is of a deployment environment that the policy does not name.
    OtherEnvironment,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownOperator => "IAM has no such operator",
            Self::MissingHolds => "the request has no such key, and this operator is true then",
            Self::MissingFails => "the request has no such key, and this operator is false then",
            Self::NotExposed => {
                "IAM makes no such claim of Bitbucket's tokens available: only aud, sub, amr, email and oaud"
            }
            Self::OtherIssuer => "the key is of another issuer than the token",
            Self::Undocumented => "AWS does not document what ForAnyValue with IfExists says of a missing key",
            Self::LiteralWildcard => "this operator takes the wildcard as a letter; StringLike does not",
            Self::NoBraces => "UUIDs in a subject are in braces, and the policy's are not",
            Self::OtherRepository => "the token is of another repository",
            Self::NoDeployment => "the policy asks for a deployment environment, and the step has no `deployment:`",
            Self::OtherEnvironment => "the token is of another deployment environment",
            Self::ListWithoutQualifier => {
                "the token has a list here, and AWS does not document how an operator without ForAnyValue compares one"
            }
        })
    }
}

pub(super) fn judge(condition: &Condition, request: &Request, variables: bool) -> ConditionResult {
    let actual = request.entry(&condition.key);
    let mut result = ConditionResult {
        operator: condition.operator_name.clone(),
        key: condition.key.clone(),
        span: condition.key_span,
        holds: Truth::Unknown,
        expected: condition.values.iter().map(|value| (value.to_string(), Truth::Unknown)).collect(),
        actual,
        note: None,
    };
    let Some(operator) = condition.operator else {
        result.note = Some(Note::UnknownOperator);
        return result;
    };
    if operator.base.comparison == Comparison::Null {
        result.holds = null(condition, &result.actual);
        return result;
    }
    let values: Vec<Actual<'_>> = match &result.actual {
        Entry::Unknown => return result,
        Entry::Absent => Vec::new(),
        Entry::Value(value) => vec![Actual::Known(value)],
        Entry::List(values) => values.iter().map(|value| Actual::Known(value)).collect(),
        Entry::Partial(partial) => vec![Actual::Partial(partial)],
    };
    // "If there are no keys in the request, or the values resolve to an empty data set, such as an empty string":
    // reference_policies_condition-single-vs-multi-valued-context-keys, of ForAllValues.
    let empty =
        values.is_empty() || (operator.quantifier.is_some() && values.iter().all(|value| *value == Actual::Known("")));
    if empty {
        (result.holds, result.note) = missing(operator, condition, request);
        return result;
    }
    let lookup = |key: &str| variable(request, key);
    let patterns: Vec<Value<'_>> =
        condition.values.iter().map(|value| Value::new(value, operator.base.comparison, variables, &lookup)).collect();
    for (pattern, (_, matched)) in patterns.iter().zip(&mut result.expected) {
        *matched = Truth::any(values.iter().map(|value| pattern.matches(*value, operator.base.comparison)));
    }
    let one = |value: &Actual<'_>| {
        let matched = Truth::any(patterns.iter().map(|pattern| pattern.matches(*value, operator.base.comparison)));
        if operator.base.negated { !matched } else { matched }
    };
    result.holds = match operator.quantifier {
        Some(Quantifier::ForAllValues) => Truth::all(values.iter().map(one)),
        Some(Quantifier::ForAnyValue) => Truth::any(values.iter().map(one)),
        None if !matches!(result.actual, Entry::List(_)) => Truth::all(values.iter().map(one)),
        None => {
            result.note = Some(Note::ListWithoutQualifier);
            Truth::Unknown
        }
    };
    if result.holds == Truth::False {
        result.note = match &result.actual {
            Entry::Value(actual) => refusal(condition, operator, actual),
            Entry::Partial(partial @ Partial::Text(_)) => refusal(condition, operator, &partial.to_string()),
            _ => None,
        };
    }
    result
}

/// Why a subject of Bitbucket does not match, where its parts say so.
fn refusal(condition: &Condition, operator: Operator, actual: &str) -> Option<Note> {
    let Key::Claim { issuer, claim } = Key::new(&condition.key) else { return None };
    if operator.base.negated || Issuer::from_provider_name(issuer).is_err() || !claim.eq_ignore_ascii_case("sub") {
        return None;
    }
    let own = Subject::parse(actual)?;
    let values: Vec<&str> = condition.values.iter().map(Text::as_str).collect::<Option<_>>()?;
    let wildcard = |value: &str| value.contains(['*', '?']);
    if operator.base.comparison != Comparison::Like && values.iter().any(|value| wildcard(value)) {
        return Some(Note::LiteralWildcard);
    }
    let first = |value: &str| value.split(':').next().unwrap_or_default().to_owned();
    // A repository that is not known yet may be any that the policy names.
    let open = own.repository.starts_with("{<");
    let is_own = |uuid: &str| if open { Uuid::from_braced(uuid).is_some() } else { uuid == own.repository };
    if values.iter().any(|value| is_own(&format!("{{{}}}", first(value)))) {
        return Some(Note::NoBraces);
    }
    let same: Vec<_> = values.iter().filter(|value| is_own(&first(value))).collect();
    if same.is_empty() && open {
        return None;
    }
    if same.is_empty() {
        return (!values.iter().any(|value| wildcard(&first(value)))).then_some(Note::OtherRepository);
    }
    // A pattern of three parts names an environment in its second.
    let asks = same.iter().any(|value| value.matches(':').count() == 2);
    match own.environment {
        None if asks => Some(Note::NoDeployment),
        Some(_) if asks => Some(Note::OtherEnvironment),
        _ => None,
    }
}

/// `"Null": {key: "true"}` holds where the key is missing (`Conditions_Null`).
fn null(condition: &Condition, actual: &Entry) -> Truth {
    let missing = match actual {
        Entry::Unknown => Truth::Unknown,
        Entry::Absent => Truth::True,
        Entry::Partial(_) => Truth::False,
        Entry::Value(value) => value.is_empty().into(),
        Entry::List(values) => values.iter().all(String::is_empty).into(),
    };
    Truth::any(condition.values.iter().map(|value| match value.as_str() {
        Some(word) if word.eq_ignore_ascii_case("true") => missing,
        Some(word) if word.eq_ignore_ascii_case("false") => !missing,
        Some(_) => Truth::False,
        None => Truth::Unknown,
    }))
}

/// What an operator says of a key that the request lacks (the operators page's "Important" note, `Conditions_IfExists`,
/// and the page on multivalued keys).
fn missing(operator: Operator, condition: &Condition, request: &Request) -> (Truth, Option<Note>) {
    let holds = match operator.quantifier {
        Some(Quantifier::ForAllValues) => Truth::True,
        Some(Quantifier::ForAnyValue) if operator.if_exists => return (Truth::Unknown, Some(Note::Undocumented)),
        Some(Quantifier::ForAnyValue) => Truth::False,
        None => (operator.if_exists || operator.base.negated).into(),
    };
    if holds == Truth::True {
        return (holds, Some(Note::MissingHolds));
    }
    let note = match (Key::new(&condition.key), &request.issuer) {
        (Key::Claim { issuer, .. }, Some(own)) if !own.eq_ignore_ascii_case(issuer) => Note::OtherIssuer,
        (Key::Claim { claim, .. }, Some(own))
            if Issuer::from_provider_name(own).is_ok()
                && !CLAIMS.iter().any(|known| known.eq_ignore_ascii_case(claim)) =>
        {
            Note::NotExposed
        }
        _ => Note::MissingFails,
    };
    (holds, Some(note))
}

/// Keys with several values cannot be used as variables (`reference_policies_variables`).
fn variable(request: &Request, key: &str) -> Variable {
    match request.entry(key) {
        Entry::Value(value) if !value.is_empty() => Variable::Value(value),
        Entry::Unknown | Entry::Partial(_) => Variable::Unknown,
        Entry::Value(_) | Entry::List(_) | Entry::Absent => Variable::Missing,
    }
}

/// A value of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actual<'a> {
    Known(&'a str),
    Partial(&'a Partial),
}

/// A value of the policy, made ready once for all values of the request.
enum Value<'v> {
    Pattern(Option<Pattern>),
    Plain(&'v Text),
}

impl<'v> Value<'v> {
    fn new(text: &'v Text, comparison: Comparison, variables: bool, lookup: &dyn Fn(&str) -> Variable) -> Self {
        let mut syntax = comparison.syntax();
        if !syntax.wildcards && !syntax.variables {
            return Self::Plain(text);
        }
        syntax.variables &= variables;
        Self::Pattern(Pattern::new(text, syntax, lookup))
    }

    fn matches(&self, actual: Actual<'_>, comparison: Comparison) -> Truth {
        match (self, actual, comparison) {
            (Self::Pattern(None), ..) => Truth::False,
            (Self::Pattern(Some(pattern)), Actual::Partial(partial), _) => partial.matches(pattern, comparison),
            (Self::Pattern(Some(pattern)), Actual::Known(actual), Comparison::EqualsIgnoringCase) => {
                pattern.matches_ignoring_case(actual)
            }
            (Self::Pattern(Some(pattern)), Actual::Known(actual), Comparison::Arn) => pattern.matches_arn(actual),
            (Self::Pattern(Some(pattern)), Actual::Known(actual), _) => pattern.matches(actual),
            (Self::Plain(text), actual, comparison) => text.as_str().map_or(Truth::Unknown, |expected| match actual {
                Actual::Known(actual) => comparison.matches(actual, expected).into(),
                Actual::Partial(partial) => partial.matches_plain(expected, comparison),
            }),
        }
    }
}
