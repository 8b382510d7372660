//! Evaluates one condition for one request.

use std::fmt;

use crate::{
    iam::{
        key::{CLAIMS, Key, is_unconfirmed},
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
    /// The key's span.
    pub span: Span,
    /// Whether it holds.
    pub holds: Truth,
    /// The policy's values, and whether each matches a value of the request.
    pub expected: Vec<(String, Truth)>,
    /// The request's value.
    pub actual: Entry,
    /// The reason, if it is not the values.
    pub note: Option<Note>,
}

/// Why a condition holds or does not, if it is not because of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// IAM does not have the operator.
    UnknownOperator,
    /// The key is missing, and the operator is true for a missing key.
    MissingHolds,
    /// The key is missing, and the operator is false for a missing key.
    MissingFails,
    /// IAM does not expose the claim.
    NotExposed,
    /// The key belongs to another issuer than the token.
    OtherIssuer,
    /// AWS does not document whether a trust policy can test the key.
    Unconfirmed,
    /// The documentation and observations disagree about this combination.
    Undocumented,
    /// The key has a list of values, but the operator has no set qualifier.
    ListWithoutQualifier,
    /// The policy's value has a wildcard, but the operator does not support them.
    LiteralWildcard,
    /// The policy has UUIDs without braces.
    NoBraces,
    /// The token belongs to a repository that is not in the policy.
    OtherRepository,
    /// The policy requires a deployment environment, and the step has none.
    NoDeployment,
    /// The token belongs to a deployment environment that is not in the policy.
    OtherEnvironment,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownOperator => "IAM does not have this operator",
            Self::MissingHolds => "the request does not have this key, so this operator is true",
            Self::MissingFails => "the request does not have this key, so this operator is false",
            Self::NotExposed => {
                "IAM does not expose this claim of Bitbucket's tokens, only aud, sub, amr, email and oaud"
            }
            Self::OtherIssuer => "the key belongs to another issuer than the token",
            Self::Unconfirmed => "AWS does not document whether a trust policy can test this key",
            Self::Undocumented => "AWS does not document the result of ForAnyValue with IfExists for a missing key",
            Self::LiteralWildcard => "this operator does not support wildcards; StringLike does",
            Self::NoBraces => "UUIDs in a subject have braces, but the policy's do not",
            Self::OtherRepository => "the token belongs to another repository",
            Self::NoDeployment => "the policy requires a deployment environment, but the step has no `deployment`",
            Self::OtherEnvironment => "the token belongs to another deployment environment",
            Self::ListWithoutQualifier => {
                "the token has a list here, and AWS does not document how operators without ForAnyValue compare lists"
            }
        })
    }
}

pub(super) fn evaluate(condition: &Condition, request: &Request, variables: bool) -> ConditionResult {
    let entries = request.entries(condition);
    let several = entries.len() > 1;
    let mut results = entries.into_iter().map(|actual| with_value(condition, actual, request, variables));
    match results.next() {
        Some(only) if !several => only,
        Some(first) if results.all(|other| other.holds == first.holds) => {
            ConditionResult { actual: Entry::Unknown, note: None, ..first }
        }
        _ => with_value(condition, Entry::Unknown, request, variables),
    }
}

/// The result for a request with this value of the key.
fn with_value(condition: &Condition, actual: Entry, request: &Request, variables: bool) -> ConditionResult {
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
        Entry::Unknown => {
            result.note = is_unconfirmed(&condition.key).then_some(Note::Unconfirmed);
            return result;
        }
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

/// Why a Bitbucket subject does not match, if its parts show it.
fn refusal(condition: &Condition, operator: Operator, actual: &str) -> Option<Note> {
    let Key::Claim { issuer, claim } = condition.parsed_key() else { return None };
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
    // An unknown repository may be any in the policy.
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
    // The second of three parts is an environment.
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

/// The result of an operator for a missing key (the operators page's "Important" note, `Conditions_IfExists`, and the page
/// on multivalued keys).
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
    let note = match (condition.parsed_key(), &request.issuer) {
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

/// A value of the policy, prepared once for all values of the request.
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
