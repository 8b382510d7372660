//! What the page may ask, answered as JSON text.

use keyless_core::{
    lint::{self, RULES, Rule, Settings},
    report::json,
    source::Source,
};
use serde_json::json;

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

/// Every rule in the order in which it is documented: `id`, `severity`, and its `documentation` as Markdown.
pub fn rules() -> String {
    let rule = |rule: &&Rule| json!({ "id": rule.id, "severity": rule.severity.name(), "documentation": rule.documentation() });
    written(&RULES.iter().map(rule).collect::<Vec<_>>())
}

/// `value` as JSON; `{"error": …}` where it cannot be written, which for values of text and numbers does not happen.
fn written(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string())
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
