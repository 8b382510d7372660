//! A policy with what the rules need to know about it.

use crate::{
    diagnostic::{Diagnostic, Edit},
    iam::{
        key::{CLAIMS, Key},
        operator::{Comparison, Quantifier},
        policy::{ASSUME_WITH_WEB_IDENTITY, Condition, Effect, Policy, PrincipalKind, Statement},
        text::{Pattern, Syntax, Text, Variable},
        truth::Truth,
    },
    oidc::{provider_name, resembles_bitbucket},
    text::{Source, Span},
};

/// A trust policy with its source and problems.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'t> {
    /// The document that contains it.
    pub source: &'t Source<'t>,
    /// The policy.
    pub policy: &'t Policy,
    /// What IAM would reject.
    pub problems: &'t [Diagnostic],
}

/// The part of a provider's ARN before its URL.
const PROVIDER: &str = "oidc-provider/";

impl<'t> Trust<'t> {
    /// Its statements with `"Effect": "Allow"`.
    pub fn allowing(&self) -> impl Iterator<Item = &'t Statement> + use<'t> {
        self.policy.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow))
    }

    /// Its allowing statements that trust Bitbucket's tokens.
    pub fn trusting_bitbucket(&self) -> impl Iterator<Item = &'t Statement> + use<'t> {
        self.allowing().filter(|statement| statement.trusts_bitbucket())
    }

    /// The conditions on a claim in all allowing statements that trust Bitbucket's tokens.
    pub fn bitbucket_conditions(&self, claim: &'static str) -> impl Iterator<Item = &'t Condition> + use<'t> {
        self.trusting_bitbucket().flat_map(move |statement| statement.claim(claim))
    }

    /// An edit that replaces the string at `span` with `new` in the same quotes.
    pub fn respell(&self, span: Span, new: &str) -> Edit {
        let replacement = match self.source.slice(span).chars().next() {
            Some(quote @ ('"' | '\'')) => format!("{quote}{new}{quote}"),
            _ if new.contains(['{', '*', ':']) => format!("\"{new}\""),
            _ => new.to_owned(),
        };
        Edit { span, replacement }
    }
}

impl Statement {
    /// The issuers of its OIDC providers as written in the principals, with the principals' spans, except those that a
    /// template leaves open in part.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = (Span, &str)> {
        self.federated().filter_map(|name| {
            let (_, issuer) = name.suffix().split_once(PROVIDER)?;
            Some((name.span, issuer))
        })
    }

    /// The names of its federated principals.
    pub(crate) fn federated(&self) -> impl Iterator<Item = &Text> {
        let block = self.principals.iter().filter(|block| !block.negated);
        block.flat_map(|block| &block.items).filter(|it| it.kind == PrincipalKind::Federated).map(|it| &it.name)
    }

    /// Whether it accepts tokens of an OIDC provider with conditions on the provider's claims: not Cognito's, and not
    /// those of the providers that are built into IAM.
    pub(crate) fn trusts_oidc(&self) -> bool {
        let provider = |name: &Text| match name.as_str() {
            Some(name) => name.contains(PROVIDER),
            None => !name.prefix().contains(":saml-provider/"),
        };
        self.means(ASSUME_WITH_WEB_IDENTITY) && self.federated().any(provider)
    }

    /// Whether it accepts Bitbucket's tokens, according to its principals or condition keys.
    pub(crate) fn trusts_bitbucket(&self) -> bool {
        self.trusts_oidc()
            && (self.issuers().any(|(_, issuer)| resembles_bitbucket(issuer))
                || self.conditions.iter().any(|it| it.claim().is_some_and(|(issuer, _)| resembles_bitbucket(issuer))))
    }

    /// Whether its actions may include `action`.
    pub(crate) fn means(&self, action: &str) -> bool {
        let Some(block) = &self.actions else { return false };
        let listed = block.items.iter().any(|name| {
            Pattern::new(name, Syntax { wildcards: true, variables: false }, &|_| Variable::Unknown)
                .is_some_and(|pattern| pattern.matches_ignoring_case(action) != Truth::False)
        });
        listed != block.negated
    }

    /// The conditions on a claim.
    pub(crate) fn claim<'s>(&'s self, claim: &'s str) -> impl Iterator<Item = &'s Condition> {
        self.conditions.iter().filter(move |it| it.claim().is_some_and(|(_, own)| own.eq_ignore_ascii_case(claim)))
    }

    /// The span to report for the whole statement: its principals, which fit on a line.
    pub(crate) fn place(&self) -> Span {
        self.principals.as_ref().map_or(self.span, |block| block.key_span)
    }
}

impl Condition {
    /// Issuer and claim, if the key is a token's; the issuer without scheme and trailing slash.
    pub(crate) fn claim(&self) -> Option<(&str, &str)> {
        match Key::new(&self.key) {
            Key::Claim { issuer, claim } => Some((bare(issuer), claim)),
            Key::Service(_) => None,
        }
    }

    /// Whether the key is `key`, ignoring case.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }

    /// Why it holds for a request without the key, if it does.
    pub(crate) fn holds_if_missing(&self) -> Option<&'static str> {
        let operator = self.operator?;
        match operator.quantifier {
            Some(Quantifier::ForAllValues) => Some("ForAllValues is true for a missing key"),
            None if operator.if_exists => Some("IfExists is true for a missing key"),
            None if operator.base.negated => Some("a negated operator is true for a missing key"),
            Some(Quantifier::ForAnyValue) | None => None,
        }
    }

    /// Whether its values are compared without wildcards.
    pub(crate) fn is_exact(&self) -> bool {
        self.operator.is_some_and(|operator| {
            matches!(operator.base.comparison, Comparison::Equals | Comparison::EqualsIgnoringCase)
        })
    }

    /// Whether its values are compared with wildcards.
    pub(crate) fn is_like(&self) -> bool {
        self.operator.is_some_and(|operator| operator.base.comparison == Comparison::Like && !operator.base.negated)
    }

    /// Whether its operator compares addresses.
    pub(crate) fn compares_addresses(&self) -> bool {
        self.operator.is_some_and(|operator| operator.base.comparison == Comparison::Address)
    }

    /// Its values that are known in full, with their spans.
    pub(crate) fn known_values(&self) -> impl Iterator<Item = (Span, &str)> {
        self.values.iter().filter_map(|value| Some((value.span, value.as_str()?)))
    }
}

/// An issuer as IAM names its provider, without a trailing slash: what the author of a policy meant.
pub(crate) fn bare(issuer: &str) -> &str {
    provider_name(issuer).trim_end_matches('/')
}

/// Whether IAM exposes a claim of Bitbucket's tokens.
pub(crate) fn is_exposed(claim: &str) -> bool {
    CLAIMS.iter().any(|known| known.eq_ignore_ascii_case(claim))
}

/// Whether a string has a wildcard.
pub(crate) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}
