//! What the page may ask about a pipeline as a whole, answered as JSON text.

use keyless_core::{requirements, settings::Settings, text::Source};
use serde_json::json;

use crate::json_text::written;

/// What runs when: pipelines, their groups and steps, with environments, tokens and roles.
pub fn outline(text: &str) -> String {
    written(&keyless_core::ide::outline::read(text))
}

/// What the steps of a file need from Bitbucket's settings: the report of `keyless requirements --format json`, and the
/// Markdown table as `markdown`.
pub fn requirements(text: &str, known_variables: Vec<String>) -> String {
    let settings = Settings::with_variables(known_variables);
    let requirements = requirements::requirements(&Source::new("bitbucket-pipelines.yml", text), &settings);
    let markdown = requirements.to_markdown();
    written(&json!({ "steps": requirements.steps, "variables": requirements.variables, "markdown": markdown }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_say_what_is_known_of_each_variable() {
        let text = "pipelines:\n  default:\n    - step:\n        script: [\"curl $HOOK $OTHER\"]\n";
        let answer: serde_json::Value = serde_json::from_str(&requirements(text, vec!["HOOK".to_owned()])).unwrap();
        let found: Vec<_> = answer["variables"].as_array().unwrap().iter().collect();
        assert_eq!((&found[0]["name"], &found[0]["status"]), (&json!("HOOK"), &json!("declared")));
        assert_eq!((&found[1]["name"], &found[1]["status"]), (&json!("OTHER"), &json!("missing")));
        assert!(answer["markdown"].as_str().unwrap().contains("HOOK"));
    }
}
