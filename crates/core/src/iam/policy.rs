//! A typed trust policy with spans.

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

/// The action that exchanges a token for a role session.
pub const ASSUME_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// A trust policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The whole document.
    pub span: Span,
    /// Its `Version`, if any.
    pub version: Option<Text>,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// Parts of the statement list that are known only after deployment.
    pub open: Vec<Text>,
    /// Its length in characters without white space, as IAM counts it; `None` if a template leaves parts open.
    pub length: Option<usize>,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The whole statement.
    pub span: Span,
    /// Its `Sid`.
    pub sid: Option<Text>,
    /// Its effect; `None` if the element is missing, invalid or open.
    pub effect: Option<Effect>,
    /// `Principal` or `NotPrincipal`.
    pub principals: Option<Block<Principal>>,
    /// `Action` or `NotAction`.
    pub actions: Option<Block<Text>>,
    /// Its conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    /// Elements that are known only after deployment.
    pub open: Vec<Text>,
    /// Whether the policy has the statement only if a condition of the template holds.
    pub conditional: bool,
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

/// An element or its negated form.
#[derive(Clone, Debug)]
pub struct Block<T> {
    /// Whether it is `NotPrincipal` or `NotAction`.
    pub negated: bool,
    /// The span of its key.
    pub key_span: Span,
    /// The listed values.
    pub items: Vec<T>,
}

/// One principal.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The type of principal.
    pub kind: PrincipalKind,
    /// The value, usually an ARN.
    pub name: Text,
}

/// The type of a principal (`reference_policies_elements_principal`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// `"Principal": "*"`
    Everyone,
    /// An AWS account, user, role or session.
    Aws,
    /// An identity provider.
    Federated,
    /// An AWS service.
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

    /// Its key in the policy.
    pub fn name(self) -> &'static str {
        Self::KEYS.iter().find(|(_, kind)| *kind == self).map_or("*", |(key, _)| key)
    }
}

/// One key under one operator.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator as written.
    pub operator_name: String,
    /// The operator's span.
    pub operator_span: Span,
    /// The operator, if IAM has it.
    pub operator: Option<Operator>,
    /// The key as written.
    pub key: String,
    /// The key's span.
    pub key_span: Span,
    /// Whether parts of the key are known only after deployment; they are written `${name}`.
    pub key_open: bool,
    /// The values, of which one must match.
    pub values: Vec<Text>,
    /// The span of the values.
    pub values_span: Span,
}

/// The length of a document as IAM counts it against its quotas: JSON without white space between its parts.
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
