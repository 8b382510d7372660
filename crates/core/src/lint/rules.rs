//! The rules, one file each.

mod alias_bomb;
mod ambiguous_boolean;
mod ambiguous_item;
mod artifact_without_clone;
mod cdk_approval;
mod child_pipeline_setting;
mod command_as_map;
mod custom_audience;
mod deploy_from_any_branch;
mod deploy_from_pull_request;
mod disallowed_default;
mod doubled_step;
mod duplicate_key;
mod empty_condition;
mod evaluated_name;
mod export_across_steps;
mod exporting_import;
mod floating_image;
mod floating_pipe;
mod half_credentials;
mod ignored_cache;
mod ignored_lock_file;
mod imageless_service;
mod keys_beside_role;
mod malformed_role;
mod manual_first_step;
mod merge_without_map;
mod misplaced_final;
mod misplaced_oidc;
mod misplaced_variables;
mod missing_docker_service;
mod missing_key;
mod missing_oidc;
mod missing_pipe_variable;
mod missing_pipelines;
mod missing_script;
mod missing_variable;
mod misspelt_oidc;
mod misspelt_variable;
mod nested_group;
mod oidc_without_deployment;
mod out_of_range;
mod overcommitted_memory;
mod piped_download;
mod printed_credentials;
mod printed_token;
mod recursive_alias;
mod refused_docker_option;
mod refused_token;
mod removed_app_password;
mod repeated_environment;
mod roleless_pipe;
mod second_document;
mod secret_in_file;
mod self_assignment;
mod session_length;
mod shadowed_branch;
mod stage_step_setting;
mod stored_keys;
mod stray_fail_fast;
mod token_in_clone;
mod too_many_steps;
mod unavailable_variable;
mod uncarried_assembly;
mod undefined_agent;
mod undefined_cache;
mod undefined_import;
mod undefined_pipeline;
mod undefined_service;
mod unexported_variable;
mod ungated_production;
mod unindented_step;
mod unknown_alias;
mod unknown_event;
mod unknown_key;
mod unknown_value;
mod unlabelled_runner;
mod unlisted_address;
mod unmatchable_pattern;
mod unpinned_cdk;
mod unquoted_pattern;
mod unreachable_artifact;
mod unread_file_name;
mod unreadable_oidc;
mod unused_anchor;
mod unused_definition;
mod unused_oidc;
mod unverified_server;
mod unwritten_token_file;
mod variable_environment;
mod wrong_count;
mod wrong_length;
mod wrong_region;
mod wrong_type;
mod yaml_syntax;

use crate::lint::Rule;

pub(super) use misplaced_oidc::means_oidc;

/// All rules, in the order of their documentation: first what keeps the file from being read at all.
pub static RULES: &[&Rule] = &[
    &yaml_syntax::RULE,
    &duplicate_key::RULE,
    &unknown_alias::RULE,
    &unquoted_pattern::RULE,
    &recursive_alias::RULE,
    &alias_bomb::RULE,
    &merge_without_map::RULE,
    &second_document::RULE,
    &unread_file_name::RULE,
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
    &doubled_step::RULE,
    &missing_script::RULE,
    &command_as_map::RULE,
    &ambiguous_item::RULE,
    &nested_group::RULE,
    &manual_first_step::RULE,
    &misplaced_final::RULE,
    &misplaced_variables::RULE,
    &disallowed_default::RULE,
    &repeated_environment::RULE,
    &variable_environment::RULE,
    &stage_step_setting::RULE,
    &child_pipeline_setting::RULE,
    &too_many_steps::RULE,
    &stray_fail_fast::RULE,
    &undefined_service::RULE,
    &missing_docker_service::RULE,
    &refused_docker_option::RULE,
    &undefined_cache::RULE,
    &undefined_agent::RULE,
    &undefined_import::RULE,
    &undefined_pipeline::RULE,
    &unknown_event::RULE,
    &exporting_import::RULE,
    &imageless_service::RULE,
    &overcommitted_memory::RULE,
    &half_credentials::RULE,
    &ignored_cache::RULE,
    &unreachable_artifact::RULE,
    &artifact_without_clone::RULE,
    &empty_condition::RULE,
    &unmatchable_pattern::RULE,
    &shadowed_branch::RULE,
    &unlabelled_runner::RULE,
    &unused_definition::RULE,
    &unused_anchor::RULE,
    &misspelt_oidc::RULE,
    &misplaced_oidc::RULE,
    &unreadable_oidc::RULE,
    &missing_oidc::RULE,
    &missing_variable::RULE,
    &unwritten_token_file::RULE,
    &unexported_variable::RULE,
    &misspelt_variable::RULE,
    &unavailable_variable::RULE,
    &export_across_steps::RULE,
    &unused_oidc::RULE,
    &refused_token::RULE,
    &oidc_without_deployment::RULE,
    &custom_audience::RULE,
    &malformed_role::RULE,
    &wrong_region::RULE,
    &token_in_clone::RULE,
    &printed_token::RULE,
    &printed_credentials::RULE,
    &secret_in_file::RULE,
    &stored_keys::RULE,
    &keys_beside_role::RULE,
    &self_assignment::RULE,
    &deploy_from_pull_request::RULE,
    &deploy_from_any_branch::RULE,
    &ungated_production::RULE,
    &unpinned_cdk::RULE,
    &cdk_approval::RULE,
    &uncarried_assembly::RULE,
    &roleless_pipe::RULE,
    &missing_pipe_variable::RULE,
    &unlisted_address::RULE,
    &session_length::RULE,
    &floating_pipe::RULE,
    &floating_image::RULE,
    &piped_download::RULE,
    &unverified_server::RULE,
    &evaluated_name::RULE,
    &ignored_lock_file::RULE,
    &removed_app_password::RULE,
];

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::{
        diagnostic::Severity,
        iam::role,
        lint::{RoleFile, Roles, Settings, lint, lint_with_roles},
        source::Source,
    };

    #[test]
    fn every_rule_finds_itself_in_its_wrong_examples_and_nothing_in_its_right_ones() {
        for rule in RULES {
            let examples = rule.examples();
            for wrong in [true, false] {
                assert!(examples.iter().any(|example| example.wrong == wrong), "{}: needs both examples", rule.id);
            }
            for example in examples {
                let source = Source::new(&example.file_name, &example.text);
                let findings = match &example.policy {
                    None => lint(&source, &Settings::default()),
                    Some(policy) => {
                        let roles = role::read(policy, None).unwrap();
                        let general = Some(RoleFile { name: "trust-policy.json".to_owned(), roles });
                        lint_with_roles(&source, &Settings::default(), &Roles { general, ..Roles::default() })
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
            assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", rule.id);
            assert!(RULES[..index].iter().all(|other| other.id != rule.id), "{}", rule.id);
            assert!(rule.summary().ends_with('.'), "{}: {}", rule.id, rule.summary());
        }
    }
}
