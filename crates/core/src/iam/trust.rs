//! A policy with what the rules need to know about it.

use crate::{
    diagnostic::{Diagnostic, Edit},
    iam::{
        key::{CLAIMS, Key},
        operator::{Comparison, Quantifier},
        policy::{ASSUME_WITH_WEB_IDENTITY, Condition, Effect, Policy, Principal, PrincipalKind, Statement},
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

impl Policy {
    /// Whether a statement allows an action to someone. Conditions and principals are not evaluated.
    pub fn allows(&self, action: &str) -> bool {
        self.statements.iter().any(|statement| statement.effect == Some(Effect::Allow) && statement.means(action))
    }
}

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

    /// Whether a statement denies what `allowed` allows to all tokens but those whose claim has one of its values: a
    /// condition on the claim in the form of a deny. True too where a deny is known only after deployment.
    pub(crate) fn denies_others(&self, allowed: &Statement, claim: &str) -> bool {
        let mut denying = self.policy.statements.iter().filter(|it| it.effect == Some(Effect::Deny));
        denying.any(|deny| {
            deny.includes_principals(allowed) && deny.means(ASSUME_WITH_WEB_IDENTITY) && deny.spares_only(claim)
        })
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
            && (self.federated().any(|name| {
                name.to_string().split_once(PROVIDER).is_some_and(|(_, issuer)| resembles_bitbucket(issuer))
            }) || self
                .conditions
                .iter()
                .any(|it| it.claim().is_some_and(|(issuer, _)| resembles_bitbucket(issuer))))
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

    /// Whether its principals include all identity providers of another statement.
    fn includes_principals(&self, other: &Self) -> bool {
        let Some(block) = self.principals.as_ref().filter(|block| !block.negated) else { return !self.open.is_empty() };
        let everyone = |it: &Principal| {
            it.kind == PrincipalKind::Everyone || it.kind == PrincipalKind::Aws && it.name.as_str() == Some("*")
        };
        block.items.iter().any(everyone)
            || other.federated().all(|name| {
                self.federated().any(|own| own.parts == name.parts || own.as_str().is_none() || name.as_str().is_none())
            })
    }

    /// Whether its only condition holds for every token without one of the listed values of a claim. It must be the only
    /// one, because another could spare other tokens. Every token has `sub` and `aud`, so that `ForAnyValue`, which is false
    /// for a missing key, spares none.
    fn spares_only(&self, claim: &str) -> bool {
        if !self.open.is_empty() {
            return true;
        }
        let [only] = self.conditions.as_slice() else { return false };
        let listed = |value: &Text| match claim {
            "sub" => wildcard_in_repository(value).is_none(),
            _ => !value.prefix().starts_with(['*', '?']),
        };
        only.is_on_claim(claim)
            && only.is_negated()
            && (!only.is_like_or_negated_like() || only.values.iter().all(listed))
    }

    /// The conditions on the value of a claim.
    pub(crate) fn claim<'s>(&'s self, claim: &'s str) -> impl Iterator<Item = &'s Condition> {
        self.conditions.iter().filter(move |it| it.is_on_claim(claim) && !it.is_null())
    }

    /// Whether it has a `Null` condition that a claim is present, or else missing.
    pub(crate) fn requires(&self, claim: &str, present: bool) -> bool {
        // `Null` holds for `true` if the key is missing.
        let word = if present { "false" } else { "true" };
        let all =
            |it: &Condition| it.values.iter().all(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(word)));
        self.conditions.iter().any(|it| it.is_on_claim(claim) && it.is_null() && all(it))
    }

    /// The span to report for the whole statement: its principals, which fit on a line.
    pub(crate) fn place(&self) -> Span {
        self.principals.as_ref().map_or(self.span, |block| block.key_span)
    }
}

impl Condition {
    /// Issuer and claim, if the key is a token's; the issuer without scheme and trailing slash.
    pub(crate) fn claim(&self) -> Option<(&str, &str)> {
        match self.parsed_key() {
            Key::Claim { issuer, claim } => Some((bare(issuer), claim)),
            Key::Service(_) => None,
        }
    }

    /// The key. An issuer that is known only after deployment is written `${name}`.
    pub(crate) fn parsed_key(&self) -> Key<'_> {
        match self.key.rsplit_once(':') {
            Some((issuer, claim)) if self.key_open && issuer.ends_with('}') && !claim.contains('}') => {
                Key::Claim { issuer, claim }
            }
            _ if self.key_open && self.key.rsplit(':').next().is_some_and(|claim| claim.contains('}')) => {
                Key::Service(&self.key)
            }
            _ => Key::new(&self.key),
        }
    }

    fn is_on_claim(&self, claim: &str) -> bool {
        self.claim().is_some_and(|(_, own)| own.eq_ignore_ascii_case(claim))
    }

    /// Whether it is about the presence of its key alone.
    fn is_null(&self) -> bool {
        self.operator.is_some_and(|operator| operator.base.comparison == Comparison::Null)
    }

    /// Whether it holds when none of its values matches.
    pub(crate) fn is_negated(&self) -> bool {
        self.operator.is_some_and(|operator| operator.base.negated)
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

    /// Whether its operator has wildcards, negated or not.
    fn is_like_or_negated_like(&self) -> bool {
        self.operator.is_some_and(|operator| operator.base.comparison == Comparison::Like)
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

/// The offset of a wildcard before the end of a subject's first part, the repository's UUID: such a pattern matches other
/// repositories too. An open part of a template may complete the UUID.
pub(crate) fn wildcard_in_repository(subject: &Text) -> Option<usize> {
    let known = subject.prefix();
    let repository = known.split(':').next().unwrap_or(known);
    repository.find(['*', '?']).filter(|at| !repository[..*at].ends_with('}'))
}

/// Whether IAM exposes a claim of Bitbucket's tokens.
pub(crate) fn is_exposed(claim: &str) -> bool {
    CLAIMS.iter().any(|known| known.eq_ignore_ascii_case(claim))
}

/// Whether a string has a wildcard.
pub(crate) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}
