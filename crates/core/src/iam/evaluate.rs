//! Evaluates a trust policy for one request: allow, deny, or what it depends on, with the reasons.
//!
//! An explicit deny overrides every allow, and without an allow the result is deny
//! (`reference_policies_evaluation-logic`). Values that are not given stay unknown.

mod condition;
mod refusal;
mod tree;

use super::{
    policy::{Effect, Policy, Principal, PrincipalKind, Statement},
    request::Request,
    text::{Part, Pattern, Syntax, Text, Variable},
    truth::Truth,
};
use crate::text::Span;

pub use condition::{ConditionResult, Note};

/// The result of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The role can be assumed.
    Allow,
    /// It cannot be assumed.
    Deny,
    /// It depends on unknown values.
    Depends,
}

impl Verdict {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Depends => "depends",
        }
    }
}

/// The result and everything that led to it. It displays as a tree.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The result.
    pub verdict: Verdict,
    /// The requested action.
    pub action: String,
    /// The statements, in policy order.
    pub statements: Vec<StatementResult>,
    /// Parts of the policy that are known only after deployment.
    pub open: Vec<String>,
}

/// Whether one statement applies.
#[derive(Clone, Debug)]
pub struct StatementResult {
    /// Its number, from 1.
    pub number: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Its span.
    pub span: Span,
    /// Its effect, if known.
    pub effect: Option<Effect>,
    /// Whether everything in it holds.
    pub applies: Truth,
    /// Whether it includes the caller.
    pub principal: ElementResult,
    /// Whether it includes the action.
    pub action: ElementResult,
    /// Its conditions, in order.
    pub conditions: Vec<ConditionResult>,
    /// Elements that are known only after deployment.
    pub open: Vec<String>,
}

/// Whether an element that lists principals or actions holds.
#[derive(Clone, Debug)]
pub struct ElementResult {
    /// Its key, as written.
    pub element: &'static str,
    /// Whether it holds.
    pub holds: Truth,
    /// The listed values.
    pub expected: Vec<String>,
    /// The request's value, if known.
    pub actual: Option<String>,
}

/// Evaluates a policy for a request.
pub fn evaluate(policy: &Policy, request: &Request) -> Evaluation {
    // Older versions of the policy language have no variables (`reference_policies_elements_version`).
    let variables = policy.version.as_ref().and_then(Text::as_str) == Some("2012-10-17");
    let statements: Vec<_> = policy
        .statements
        .iter()
        .enumerate()
        .map(|(at, statement)| evaluate_statement(at + 1, statement, request, variables))
        .collect();
    let any = |effect: Effect| {
        Truth::any(statements.iter().map(|statement| match statement.effect {
            Some(own) if own == effect => statement.applies,
            Some(_) => Truth::False,
            None => statement.applies.min(Truth::Unknown),
        }))
    };
    let hidden = if policy.open.is_empty() { Truth::False } else { Truth::Unknown };
    let verdict = match (any(Effect::Allow).max(hidden), any(Effect::Deny).max(hidden)) {
        (_, Truth::True) | (Truth::False, _) => Verdict::Deny,
        (Truth::True, Truth::False) => Verdict::Allow,
        _ => Verdict::Depends,
    };
    Evaluation { verdict, action: request.action.clone(), statements, open: names(&policy.open) }
}

fn names(texts: &[Text]) -> Vec<String> {
    texts.iter().map(Text::to_string).collect()
}

fn evaluate_statement(number: usize, statement: &Statement, request: &Request, variables: bool) -> StatementResult {
    let principal = principal(statement, request);
    let action = action(statement, request);
    let conditions: Vec<_> =
        statement.conditions.iter().map(|it| condition::evaluate(it, request, variables)).collect();
    let hidden = if statement.open.is_empty() && !statement.conditional { Truth::True } else { Truth::Unknown };
    let parts = [principal.holds, action.holds, hidden].into_iter().chain(conditions.iter().map(|it| it.holds));
    StatementResult {
        number,
        sid: statement.sid.as_ref().map(Text::to_string),
        span: statement.span,
        effect: statement.effect,
        applies: Truth::all(parts),
        principal,
        action,
        conditions,
        open: names(&statement.open),
    }
}

fn principal(statement: &Statement, request: &Request) -> ElementResult {
    let actual = request.issuer.as_ref().map(|issuer| match &request.account {
        Some(account) => format!("arn:aws:iam::{account}:oidc-provider/{issuer}"),
        None => format!("oidc-provider/{issuer}"),
    });
    let Some(block) = &statement.principals else {
        let holds = if statement.open.is_empty() { Truth::False } else { Truth::Unknown };
        return ElementResult { element: "Principal", holds, expected: Vec::new(), actual };
    };
    let listed = Truth::any(block.items.iter().map(|principal| means(principal, request)));
    ElementResult {
        element: if block.negated { "NotPrincipal" } else { "Principal" },
        holds: if block.negated { !listed } else { listed },
        expected: block.items.iter().map(|it| format!("{} {}", it.kind.name(), it.name).replace("* *", "*")).collect(),
        actual,
    }
}

/// Whether a principal is the identity provider of the token. The call is not signed, so it has no AWS principal; `"*"`
/// includes everyone, even anonymous callers (`reference_policies_elements_principal`).
fn means(principal: &Principal, request: &Request) -> Truth {
    match principal.kind {
        PrincipalKind::Everyone => return Truth::True,
        PrincipalKind::Aws if principal.name.as_str() == Some("*") => return Truth::True,
        PrincipalKind::Federated => {}
        _ => return Truth::False,
    }
    let Some(issuer) = &request.issuer else {
        let other = principal.name.as_str().is_some_and(|name| !name.contains(":oidc-provider/"));
        return if other { Truth::False } else { Truth::Unknown };
    };
    let pattern =
        |text: &Text| Pattern::new(text, Syntax { wildcards: false, variables: false }, &|_| Variable::Unknown);
    // The account follows the fourth colon.
    let partition = match principal.name.prefix().split(':').nth(1) {
        Some(partition) if !partition.is_empty() => partition,
        _ => "aws",
    };
    let account = match (&request.account, principal.name.prefix().split(':').nth(4)) {
        (Some(account), _) => account.clone(),
        (None, Some(account)) => account.to_owned(),
        (None, None) => String::new(),
    };
    let arn = format!("arn:{partition}:iam::{account}:oidc-provider/{issuer}");
    match pattern(&principal.name).map_or(Truth::False, |pattern| pattern.matches(&arn)) {
        // A template is deployed in the role's account and partition.
        Truth::Unknown
            if only_pseudo(&principal.name)
                && principal.name.suffix().ends_with(&format!("oidc-provider/{issuer}")) =>
        {
            Truth::True
        }
        truth => truth,
    }
}

fn only_pseudo(text: &Text) -> bool {
    text.parts.iter().all(|part| match part {
        Part::Known(_) => true,
        Part::Open(name) => matches!(name.as_str(), "AWS::AccountId" | "AWS::Partition"),
    })
}

/// Actions are not case-sensitive and may have wildcards (`reference_policies_elements_action`).
fn action(statement: &Statement, request: &Request) -> ElementResult {
    let actual = Some(request.action.clone());
    let Some(block) = &statement.actions else {
        let holds = if statement.open.is_empty() { Truth::False } else { Truth::Unknown };
        return ElementResult { element: "Action", holds, expected: Vec::new(), actual };
    };
    let listed = Truth::any(block.items.iter().map(|name| {
        Pattern::new(name, Syntax { wildcards: true, variables: false }, &|_| Variable::Unknown)
            .map_or(Truth::False, |pattern| pattern.matches_ignoring_case(&request.action))
    }));
    ElementResult {
        element: if block.negated { "NotAction" } else { "Action" },
        holds: if block.negated { !listed } else { listed },
        expected: block.items.iter().map(Text::to_string).collect(),
        actual,
    }
}
