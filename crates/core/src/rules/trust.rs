//! The rules over trust policies, one file each: what IAM would reject, what can never match, and what lets too many in.

mod absent_condition_key;
mod action_principal_mismatch;
mod broad_action;
mod conflicting_issuers;
mod duplicate_policy_key;
mod exact_subject;
mod foreign_audience;
mod impossible_subject;
mod invalid_source_ip;
mod ip_deny_without_via_service;
mod issuer_mismatch;
mod literal_wildcard;
mod malformed_provider;
mod malformed_trust_policy;
mod missing_audience_condition;
mod missing_subject_condition;
mod mixed_principals;
mod negated_element;
mod old_policy_version;
mod open_principal;
mod open_source_ip;
mod oversized_trust_policy;
mod private_source_ip;
mod repository_wide_subject;
mod source_ip_as_identity;
mod unanchored_subject;
mod unbraced_subject;
mod unconfirmed_condition;
mod unexposed_claim;
mod unknown_condition_operator;
mod unknown_issuer;
mod uppercase_uuid;
mod url_in_condition_key;
mod uuid_in_issuer;
mod vacuous_condition;
mod workspace_mismatch;

use super::{Findings, Group, precedence, take_levels};
use crate::{
    diagnostic::{self, Diagnostic, Severity},
    iam::{
        policy,
        template::{Document, Unreadable},
        trust::Trust,
    },
    settings::Settings,
    text::Source,
};

/// A rule over trust policies.
pub type Rule = super::Rule<fn(&Trust<'_>, &mut Findings<'_>)>;

/// All rules.
pub static RULES: &[&Rule] = &[
    &absent_condition_key::RULE,
    &action_principal_mismatch::RULE,
    &broad_action::RULE,
    &conflicting_issuers::RULE,
    &duplicate_policy_key::RULE,
    &exact_subject::RULE,
    &foreign_audience::RULE,
    &impossible_subject::RULE,
    &invalid_source_ip::RULE,
    &negated_element::RULE,
    &ip_deny_without_via_service::RULE,
    &issuer_mismatch::RULE,
    &literal_wildcard::RULE,
    &malformed_provider::RULE,
    &malformed_trust_policy::RULE,
    &missing_audience_condition::RULE,
    &missing_subject_condition::RULE,
    &mixed_principals::RULE,
    &old_policy_version::RULE,
    &open_principal::RULE,
    &open_source_ip::RULE,
    &oversized_trust_policy::RULE,
    &private_source_ip::RULE,
    &repository_wide_subject::RULE,
    &source_ip_as_identity::RULE,
    &unanchored_subject::RULE,
    &unbraced_subject::RULE,
    &unconfirmed_condition::RULE,
    &unexposed_claim::RULE,
    &unknown_condition_operator::RULE,
    &unknown_issuer::RULE,
    &uppercase_uuid::RULE,
    &url_in_condition_key::RULE,
    &uuid_in_issuer::RULE,
    &vacuous_condition::RULE,
    &workspace_mismatch::RULE,
];

/// All findings of every trust policy in a document, in its order, each once.
///
/// # Errors
/// [`Unreadable`] where the document is not JSON or YAML, or has no trust policy.
pub fn check(source: &Source<'_>) -> Result<Vec<Diagnostic>, Unreadable> {
    let document = Document::parse(source.text())?;
    let mut diagnostics = Vec::new();
    for found in document.trust_policies()? {
        let (policy, problems) = policy::read(&found.policy, found.template);
        let trust = Trust { source, policy: &policy, problems: &problems };
        let before = diagnostics.len();
        for rule in RULES {
            (rule.check)(&trust, &mut Findings::new(rule, &mut diagnostics));
        }
        // A policy's findings are about its own text only.
        let mut own = diagnostics.split_off(before);
        precedence::drop_explained(RULES, &mut own);
        diagnostics.append(&mut own);
        // Inside a string, other quotes and escapes apply.
        if !found.editable {
            diagnostics[before..].iter_mut().for_each(|diagnostic| diagnostic.fix = None);
        }
    }
    diagnostic::sort(&mut diagnostics);
    Ok(diagnostics)
}

/// Like [`check`], but an unreadable document is a finding too.
pub fn findings(source: &Source<'_>) -> Vec<Diagnostic> {
    check(source).unwrap_or_else(|unreadable| {
        vec![Diagnostic::new(policy::MALFORMED, Severity::Error, unreadable.span(), unreadable.to_string())]
    })
}

/// Like [`findings`], with the levels of the settings.
pub fn findings_with(source: &Source<'_>, settings: &Settings) -> Vec<Diagnostic> {
    let mut found = findings(source);
    take_levels(settings, |_| Some(Group::Policies), &mut found);
    found
}

/// A rule by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id.as_str() == id)
}
