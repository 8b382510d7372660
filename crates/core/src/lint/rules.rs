//! The rules, one file each.

mod alias_bomb;
mod ambiguous_boolean;
mod command_as_map;
mod doubled_step;
mod duplicate_key;
mod merge_without_map;
mod misplaced_oidc;
mod missing_key;
mod missing_pipelines;
mod missing_script;
mod misspelt_oidc;
mod out_of_range;
mod overlong_text;
mod recursive_alias;
mod second_document;
mod unindented_step;
mod unknown_alias;
mod unknown_key;
mod unknown_value;
mod unreadable_oidc;
mod wrong_count;
mod wrong_type;
mod yaml_syntax;

use crate::lint::Rule;

/// All rules, in the order of their documentation: first what keeps the file from being read at all.
pub static RULES: &[&Rule] = &[
    &yaml_syntax::RULE,
    &duplicate_key::RULE,
    &unknown_alias::RULE,
    &recursive_alias::RULE,
    &alias_bomb::RULE,
    &merge_without_map::RULE,
    &second_document::RULE,
    &missing_pipelines::RULE,
    &unknown_key::RULE,
    &missing_key::RULE,
    &wrong_type::RULE,
    &ambiguous_boolean::RULE,
    &unknown_value::RULE,
    &out_of_range::RULE,
    &overlong_text::RULE,
    &wrong_count::RULE,
    &unindented_step::RULE,
    &doubled_step::RULE,
    &missing_script::RULE,
    &command_as_map::RULE,
    &misspelt_oidc::RULE,
    &misplaced_oidc::RULE,
    &unreadable_oidc::RULE,
];

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::{
        diagnostic::Severity,
        lint::{Settings, lint},
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
                let findings = lint(&Source::new("bitbucket-pipelines.yml", &example.text), &Settings::default());
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
