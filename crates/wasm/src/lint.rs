//! The findings of the file under the page's editor, answered as JSON text.

use crate::json_text::written;
use keyless_core::{lint, report::json, settings::Settings, text::Source};

/// Lints `text` and answers with the report that `keyless lint --format json` prints for one file.
///
/// `known_variables` are the names that Bitbucket's settings define. Places in the report count bytes of `text` as UTF-8.
pub fn lint(text: &str, file_name: &str, known_variables: Vec<String>) -> String {
    let source = Source::new(file_name, text);
    let diagnostics = lint::lint(&source, &Settings::with_variables(known_variables));
    written(&json::file(&source, &diagnostics))
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
