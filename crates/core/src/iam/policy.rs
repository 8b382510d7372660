//! A trust policy, typed, every part with its place.

mod read;

use std::fmt;

use serde::Serialize;

use super::{
    document::{Node, Value},
    operator::Operator,
    text::Text,
};
use crate::text::Span;

pub use read::{DUPLICATE, MALFORMED, OPERATOR, read};

/// The action by which a token is exchanged for a role session.
pub const ASSUME_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// A trust policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The whole document.
    pub span: Span,
    /// Its `Version`, where it has one.
    pub version: Option<Text>,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// Parts of the list of statements that only a deployment knows.
    pub open: Vec<Text>,
    /// Its characters as IAM counts them, white space left out; `None` where a template leaves parts open.
    pub length: Option<usize>,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The whole statement.
    pub span: Span,
    /// Its name.
    pub sid: Option<Text>,
    /// Whether it allows or denies; `None` where the element is missing, wrong or open.
    pub effect: Option<Effect>,
    /// `Principal` or `NotPrincipal`.
    pub principals: Option<Block<Principal>>,
    /// `Action` or `NotAction`.
    pub actions: Option<Block<Text>>,
    /// Its conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    /// Elements that only a deployment knows.
    pub open: Vec<Text>,
}

/// What a statement does when it applies. Reports write it in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "TrustEffect"))]
pub enum Effect {
    /// It allows the request.
    Allow,
    /// It denies the request, whatever other statements allow.
    Deny,
}

impl Effect {
    const ALL: [Self; 2] = [Self::Allow, Self::Deny];

    /// The value of the element `Effect`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }

    /// Reads the value of the element `Effect`, which is case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.name() == name)
    }
}

/// In lower case, as in reports.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

/// An element and its negated twin.
#[derive(Clone, Debug)]
pub struct Block<T> {
    /// Whether it is `NotPrincipal` or `NotAction`.
    pub negated: bool,
    /// Where its key stands.
    pub key_span: Span,
    /// What it lists.
    pub items: Vec<T>,
}

/// One principal.
#[derive(Clone, Debug)]
pub struct Principal {
    /// What kind of caller it names.
    pub kind: PrincipalKind,
    /// Its name, mostly an ARN.
    pub name: Text,
}

/// What kind of caller a principal names (`reference_policies_elements_principal`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// `"Principal": "*"`
    Everyone,
    /// An account, user, role or session of AWS.
    Aws,
    /// An identity provider.
    Federated,
    /// A service of AWS.
    Service,
    /// An S3 canonical user.
    CanonicalUser,
}

impl PrincipalKind {
    const KEYS: [(&'static str, Self); 4] = [
        ("AWS", Self::Aws),
        ("CanonicalUser", Self::CanonicalUser),
        ("Federated", Self::Federated),
        ("Service", Self::Service),
    ];

    /// The key it stands under.
    pub fn name(self) -> &'static str {
        Self::KEYS.iter().find(|(_, kind)| *kind == self).map_or("*", |(key, _)| key)
    }
}

/// One key under one operator.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator as written.
    pub operator_name: String,
    /// Where it stands.
    pub operator_span: Span,
    /// What it is, where IAM has it.
    pub operator: Option<Operator>,
    /// The key as written.
    pub key: String,
    /// Where it stands.
    pub key_span: Span,
    /// The values, of which one must match.
    pub values: Vec<Text>,
    /// Where they stand.
    pub values_span: Span,
}

/// The characters of a document as IAM counts them against its quotas: JSON without white space between its parts.
///
/// Source: `reference_iam-quotas`, "IAM doesn't count white space when calculating the size of a policy".
pub fn length(node: &Node) -> usize {
    let string = |text: &str| text.chars().map(|c| if matches!(c, '"' | '\\') { 2 } else { 1 }).sum::<usize>() + 2;
    match &node.value {
        Value::Null => 4,
        Value::Bool(bool) => 5 - usize::from(*bool),
        Value::Number(number) => number.len(),
        Value::String(text) => string(text),
        Value::List(items) => items.iter().map(length).sum::<usize>() + items.len().saturating_sub(1) + 2,
        Value::Object(members) => {
            members.iter().map(|member| string(&member.key) + 1 + length(&member.value)).sum::<usize>()
                + members.len().saturating_sub(1)
                + 2
        }
    }
}
