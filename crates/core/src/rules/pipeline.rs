//! The rules over pipelines, one file per rule.

mod alias_bomb;
mod ambiguous_boolean;
mod ambiguous_item;
mod approval_prompt;
mod artifact_outside_clone;
mod artifact_without_clone;
mod assignment_in_subshell;
mod child_pipeline_setting;
mod command_as_mapping;
mod conflicting_keys;
mod constant_condition;
mod custom_audience;
mod deploy_from_any_branch;
mod deploy_from_pull_request;
mod deployment_on_fail;
mod disabled_verification;
mod duplicate_environment;
mod duplicate_key;
mod emptied_cache;
mod empty_condition;
mod empty_script_item;
mod exit_status_across_items;
mod export_across_steps;
mod export_of_import;
mod folded_continuation;
mod forbidden_docker_option;
mod foreign_file;
mod glued_variable_name;
mod ignored_cache;
mod ignored_failure;
mod ignored_lock_file;
mod incomplete_credentials;
mod ineffective_fail_fast;
mod invalid_default;
mod invalid_expression;
mod invalid_merge;
mod invalid_oidc;
mod invalid_pipe_variable;
mod invalid_region;
mod invalid_session_name;
mod invalid_variable_name;
mod keys_with_role;
mod late_approval;
mod literal_password;
mod malformed_role_arn;
mod manual_first_step;
mod misdirected_token;
mod mismatched_session_duration;
mod misnamed_import;
mod misplaced_final;
mod misplaced_oidc;
mod misplaced_variables;
mod missed_cache;
mod missing_artifact;
mod missing_docker_cli;
mod missing_docker_service;
mod missing_key;
mod missing_oidc;
mod missing_pipe_variable;
mod missing_pipelines;
mod missing_program;
mod missing_script;
mod missing_token_file;
mod missing_variable;
mod misspelled_oidc;
mod misspelled_skip_ci;
mod misspelled_variable;
mod multiple_documents;
mod nested_group;
mod nested_section;
mod nested_step;
mod oidc_without_deployment;
mod out_of_range;
mod outdated_pipe;
mod overcommitted_memory;
mod overlong_chained_session;
mod parked_step;
mod password_argument;
mod pipe_without_role;
mod piped_download;
mod printed_credentials;
mod printed_secret;
mod printed_token;
mod profile_without_role;
mod push_from_pull_request;
mod recursive_alias;
mod rejected_token;
mod removed_app_password;
mod repeated_synthesis;
mod script_injection;
mod secret_in_artifact;
mod secret_in_file;
mod self_assignment;
mod service_without_image;
mod shadowed_branch;
mod single_quoted_variable;
mod stage_step_setting;
mod stored_keys;
mod swallowed_npm_option;
mod template_injection;
mod token_in_clone;
mod token_in_clone_url;
mod token_with_agent;
mod too_many_steps;
mod unanswered_prompt;
mod unapplied_plan;
mod unavailable_output_variable;
mod unavailable_variable;
mod undeclared_output_variable;
mod undefined_agent;
mod undefined_alias;
mod undefined_artifact;
mod undefined_cache;
mod undefined_import;
mod undefined_pipeline;
mod undefined_service;
mod unexpanded_variable;
mod unexpected_tag;
mod unexplained_suppression;
mod unexported_variable;
mod unfetched_branch;
mod ungated_production;
mod unhandled_exit_code;
mod unindented_step;
mod uninitialized_terraform;
mod unknown_event;
mod unknown_key;
mod unknown_pipe_variable;
mod unknown_suppression;
mod unknown_value;
mod unlabeled_runner;
mod unlisted_ip_address;
mod unmatchable_pattern;
mod unnamed_stacks;
mod unnamed_upload;
mod unpinned_cdk;
mod unpinned_image;
mod unpinned_pipe;
mod unquoted_pattern;
mod unrecognized_file_name;
mod unshared_image;
mod unsupported_docker_build;
mod unused_anchor;
mod unused_definition;
mod unused_oidc;
mod unused_registry_login;
pub(crate) mod unused_suppression;
mod variable_without_dollar;
mod wrong_count;
mod wrong_length;
mod wrong_type;
mod yaml_syntax;

use std::sync::LazyLock;

use super::{Findings, Group};
use crate::{
    analysis::{Analysis, foreign},
    diagnostic::RuleId,
};

/// The rule about stored keys, whose findings `keyless migrate` can remove.
#[cfg(feature = "complete")]
pub(crate) fn stored_keys() -> RuleId {
    stored_keys::RULE.id
}

/// A rule over pipelines.
pub type Rule = super::Rule<fn(&Analysis<'_>, &mut Findings<'_>)>;

/// The groups in the order of the documentation, with their rules: first those for files that cannot be read. A rule
/// belongs to one group.
///
/// Without the feature `complete` only those about the file itself and about credentials are here: the page's first
/// module, which has to be small.
static GROUPS: &[(Group, &[&Rule])] = &[
    (
        Group::Syntax,
        &[
            &yaml_syntax::RULE,
            &duplicate_key::RULE,
            &undefined_alias::RULE,
            &unquoted_pattern::RULE,
            &unexpected_tag::RULE,
            &recursive_alias::RULE,
            &alias_bomb::RULE,
            &invalid_merge::RULE,
            &multiple_documents::RULE,
            &unused_anchor::RULE,
            &unrecognized_file_name::RULE,
            &foreign_file::RULE,
        ],
    ),
    (
        Group::Structure,
        &[
            &missing_pipelines::RULE,
            &unknown_key::RULE,
            &missing_key::RULE,
            &wrong_type::RULE,
            &ambiguous_boolean::RULE,
            &unknown_value::RULE,
            &out_of_range::RULE,
            &wrong_length::RULE,
            &wrong_count::RULE,
            &unindented_step::RULE,
            &nested_step::RULE,
            &missing_script::RULE,
            &empty_script_item::RULE,
            &command_as_mapping::RULE,
            &ambiguous_item::RULE,
            &nested_group::RULE,
            &nested_section::RULE,
            &parked_step::RULE,
            &manual_first_step::RULE,
            &misplaced_final::RULE,
            &misplaced_variables::RULE,
            &invalid_default::RULE,
            &invalid_variable_name::RULE,
            &duplicate_environment::RULE,
            &unexpanded_variable::RULE,
            &stage_step_setting::RULE,
            &deployment_on_fail::RULE,
            &child_pipeline_setting::RULE,
            &too_many_steps::RULE,
            &ineffective_fail_fast::RULE,
            &conflicting_keys::RULE,
            &artifact_outside_clone::RULE,
            &artifact_without_clone::RULE,
            &unnamed_upload::RULE,
            &empty_condition::RULE,
            &invalid_expression::RULE,
            &constant_condition::RULE,
            &unmatchable_pattern::RULE,
            &shadowed_branch::RULE,
        ],
    ),
    (
        Group::References,
        &[
            &undefined_service::RULE,
            &undefined_cache::RULE,
            &undefined_agent::RULE,
            &undefined_import::RULE,
            &misnamed_import::RULE,
            &undefined_pipeline::RULE,
            &undefined_artifact::RULE,
            &unknown_event::RULE,
            &export_of_import::RULE,
            &unused_definition::RULE,
            &unknown_suppression::RULE,
            &unused_suppression::RULE,
            &unexplained_suppression::RULE,
        ],
    ),
    (
        Group::Credentials,
        &[
            &misspelled_oidc::RULE,
            &misplaced_oidc::RULE,
            &invalid_oidc::RULE,
            &missing_oidc::RULE,
            &missing_variable::RULE,
            &missing_token_file::RULE,
            &unexported_variable::RULE,
            &misspelled_variable::RULE,
            &unavailable_variable::RULE,
            &unused_oidc::RULE,
            &token_with_agent::RULE,
            &rejected_token::RULE,
            &misdirected_token::RULE,
            &oidc_without_deployment::RULE,
            &custom_audience::RULE,
            &malformed_role_arn::RULE,
            &invalid_session_name::RULE,
            &overlong_chained_session::RULE,
            &mismatched_session_duration::RULE,
            &unlisted_ip_address::RULE,
            &profile_without_role::RULE,
            &invalid_region::RULE,
            &incomplete_credentials::RULE,
            &unused_registry_login::RULE,
            &stored_keys::RULE,
            &keys_with_role::RULE,
            &self_assignment::RULE,
            &pipe_without_role::RULE,
        ],
    ),
    #[cfg(feature = "complete")]
    (
        Group::Secrets,
        &[
            &token_in_clone::RULE,
            &token_in_clone_url::RULE,
            &printed_token::RULE,
            &printed_credentials::RULE,
            &printed_secret::RULE,
            &secret_in_file::RULE,
            &literal_password::RULE,
            &secret_in_artifact::RULE,
            &password_argument::RULE,
            &removed_app_password::RULE,
        ],
    ),
    #[cfg(feature = "complete")]
    (
        Group::Scripts,
        &[
            &export_across_steps::RULE,
            &undeclared_output_variable::RULE,
            &unavailable_output_variable::RULE,
            &missing_artifact::RULE,
            &exit_status_across_items::RULE,
            &ignored_failure::RULE,
            &assignment_in_subshell::RULE,
            &folded_continuation::RULE,
            &glued_variable_name::RULE,
            &single_quoted_variable::RULE,
            &variable_without_dollar::RULE,
            &misspelled_skip_ci::RULE,
            &unfetched_branch::RULE,
            &swallowed_npm_option::RULE,
            &unanswered_prompt::RULE,
            &unhandled_exit_code::RULE,
            &emptied_cache::RULE,
            &missed_cache::RULE,
            &piped_download::RULE,
            &disabled_verification::RULE,
            &script_injection::RULE,
            &template_injection::RULE,
        ],
    ),
    #[cfg(feature = "complete")]
    (
        Group::Deployments,
        &[
            &deploy_from_pull_request::RULE,
            &deploy_from_any_branch::RULE,
            &ungated_production::RULE,
            &late_approval::RULE,
            &push_from_pull_request::RULE,
            &unpinned_cdk::RULE,
            &approval_prompt::RULE,
            &uninitialized_terraform::RULE,
            &unapplied_plan::RULE,
            &repeated_synthesis::RULE,
            &unnamed_stacks::RULE,
            &ignored_lock_file::RULE,
        ],
    ),
    #[cfg(feature = "complete")]
    (
        Group::Pipes,
        &[
            &missing_pipe_variable::RULE,
            &unknown_pipe_variable::RULE,
            &invalid_pipe_variable::RULE,
            &outdated_pipe::RULE,
            &unpinned_pipe::RULE,
        ],
    ),
    #[cfg(feature = "complete")]
    (
        Group::Runtime,
        &[
            &missing_docker_service::RULE,
            &missing_docker_cli::RULE,
            &forbidden_docker_option::RULE,
            &unsupported_docker_build::RULE,
            &unshared_image::RULE,
            &missing_program::RULE,
            &service_without_image::RULE,
            &overcommitted_memory::RULE,
            &ignored_cache::RULE,
            &unlabeled_runner::RULE,
            &unpinned_image::RULE,
        ],
    ),
];

/// All rules, in the order of their documentation.
pub static RULES: LazyLock<Vec<&'static Rule>> =
    LazyLock::new(|| GROUPS.iter().flat_map(|(_, rules)| *rules).copied().collect());

/// The rules of a group, by its name.
pub fn rules_of(group: &str) -> Option<&'static [&'static Rule]> {
    GROUPS.iter().find(|(known, _)| known.name() == group).map(|(_, rules)| *rules)
}

/// The group of a rule.
pub fn group(id: RuleId) -> Option<Group> {
    GROUPS.iter().find(|(_, rules)| rules.iter().any(|rule| rule.id == id)).map(|(group, _)| *group)
}

/// The rules for a file: in that of another CI system everything else would be wrong, too.
pub(crate) fn rules_for(file: &Analysis<'_>) -> &'static [&'static Rule] {
    static FOREIGN: &[&Rule] = &[&foreign_file::RULE];
    if foreign::read(file.tree).is_some() { FOREIGN } else { &RULES }
}

/// The rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id.as_str() == id)
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::{
        analysis::access::{RoleFile, Roles},
        diagnostic::Severity,
        iam::role,
        lint::{lint, lint_with_roles},
        settings::Settings,
        text::Source,
    };

    #[test]
    fn every_rule_finds_itself_in_its_wrong_examples_and_nothing_in_its_right_ones() {
        for rule in RULES.iter() {
            let examples = rule.examples();
            for wrong in [true, false] {
                assert!(examples.iter().any(|example| example.wrong == wrong), "{}: needs both examples", rule.id);
            }
            for example in examples {
                let source = Source::new(&example.file_name, &example.text);
                let settings = example.settings.as_deref().map(|text| serde_yaml::from_str(text).unwrap());
                let settings: Settings = settings.unwrap_or_default();
                let findings = match &example.policy {
                    None => lint(&source, &settings),
                    Some(policy) => {
                        let roles = role::read(policy, None).unwrap();
                        let general = Some(RoleFile { name: "trust-policy.json".to_owned(), roles });
                        lint_with_roles(&source, &settings, &Roles { general, ..Roles::default() })
                    }
                };
                let own = findings.iter().filter(|finding| finding.rule == rule.id).count();
                let seen: Vec<_> = findings.iter().map(|finding| (finding.rule, &finding.message)).collect();
                if example.wrong {
                    assert!(own > 0, "{}: not found in\n{}\nbut {seen:?}", rule.id, example.text);
                } else {
                    assert_eq!(own, 0, "{}: found in\n{}\n{seen:?}", rule.id, example.text);
                    let worst = findings.iter().map(|finding| finding.severity).max();
                    assert!(worst < Some(Severity::Error), "{}: an error in\n{}\n{seen:?}", rule.id, example.text);
                }
            }
        }
    }

    #[test]
    fn ids_are_kebab_case_and_unique() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(
                rule.id.as_str().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                rule.id
            );
            assert!(RULES[..index].iter().all(|other| other.id != rule.id), "{}", rule.id);
            assert!(rule.summary().ends_with('.'), "{}: {}", rule.id, rule.summary());
        }
    }
}
