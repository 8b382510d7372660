//! What the page may ask, answered as JSON text.

use keyless_core::{
    lint::{self, RULES, Rule, Settings},
    report::json,
    source::Source,
};
use serde_json::json;

use crate::json_text::written;

/// Lints `text` and answers with the report that `keyless lint --format json` prints for one file.
///
/// `known_variables` are the names that Bitbucket's settings define. Places in the report count bytes of `text` as UTF-8.
pub fn lint(text: &str, file_name: &str, known_variables: Vec<String>) -> String {
    let source = Source::new(file_name, text);
    let diagnostics = lint::lint(&source, &Settings::with_variables(known_variables));
    written(&json::file(&source, &diagnostics))
}

/// What is known of the key or variable at a byte offset: its range, a title, lines of prose; `null` where nothing is.
pub fn hover(text: &str, offset: usize) -> String {
    written(&crate::hover::at(text, offset))
}

/// What may replace the word at a byte offset: the word's range and the options; `null` where nothing can be said.
pub fn completion(text: &str, offset: usize) -> String {
    written(&crate::completion::at(text, offset))
}

/// The ranges that belong to the place at a byte offset: an alias's anchor, or the uses of an anchor.
pub fn definition(text: &str, offset: usize) -> String {
    written(&crate::definition::at(text, offset))
}

/// What runs when: pipelines, their groups and steps, with environments, tokens and roles.
pub fn outline(text: &str) -> String {
    written(&crate::outline::read(text))
}

/// Every rule in the order in which it is documented: `id`, `severity`, and its `documentation` as Markdown.
pub fn rules() -> String {
    let rule = |rule: &&Rule| json!({ "id": rule.id, "severity": rule.severity.name(), "documentation": rule.documentation() });
    written(&RULES.iter().map(rule).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_its_file() {
        let report: serde_json::Value = serde_json::from_str(&lint("", "some.yml", Vec::new())).unwrap();
        assert_eq!(report["file"], "some.yml");
        assert!(report["findings"].is_array());
    }
}
