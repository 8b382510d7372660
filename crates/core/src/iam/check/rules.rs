//! All rules over trust policies, in the order of their names.

use super::Rule;

mod absent_condition_key;
mod action_principal_mismatch;
mod broad_action;
mod duplicate_policy_key;
mod exact_subject;
mod foreign_audience;
mod impossible_subject;
mod invalid_source_ip;
mod inverted_element;
mod ip_deny_without_via_service;
mod issuer_mismatch;
mod literal_wildcard;
mod malformed_trust_policy;
mod missing_audience_condition;
mod missing_subject_condition;
mod mixed_principals;
mod old_policy_version;
mod open_principal;
mod open_source_ip;
mod oversized_trust_policy;
mod private_source_ip;
mod repository_wide_subject;
mod source_ip_as_identity;
mod unanchored_subject;
mod unbraced_subject;
mod unexposed_claim;
mod unknown_condition_operator;
mod url_in_condition_key;
mod uuid_in_issuer;
mod vacuous_condition;
mod workspace_mismatch;

/// All rules.
pub static RULES: &[&Rule] = &[
    &absent_condition_key::RULE,
    &action_principal_mismatch::RULE,
    &broad_action::RULE,
    &duplicate_policy_key::RULE,
    &exact_subject::RULE,
    &foreign_audience::RULE,
    &impossible_subject::RULE,
    &invalid_source_ip::RULE,
    &inverted_element::RULE,
    &ip_deny_without_via_service::RULE,
    &issuer_mismatch::RULE,
    &literal_wildcard::RULE,
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
    &unexposed_claim::RULE,
    &unknown_condition_operator::RULE,
    &url_in_condition_key::RULE,
    &uuid_in_issuer::RULE,
    &vacuous_condition::RULE,
    &workspace_mismatch::RULE,
];
