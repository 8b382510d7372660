//! What the steps of a file need from Bitbucket's settings.

use keyless_core::{
    analysis::{Analysis, ParsedFile},
    requirements::{self, Requirements},
    settings::Settings,
    text::Source,
};
use serde::Serialize;

/// The report of `keyless requirements`, in both of its forms.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequirementsAnswer {
    /// As `keyless requirements --format json` prints it.
    #[serde(flatten)]
    pub requirements: Requirements,
    /// As a Markdown table.
    pub markdown: String,
}

/// The requirements of `text`. `known_variables` are the names that Bitbucket's settings define.
pub fn requirements(text: &str, known_variables: Vec<String>) -> RequirementsAnswer {
    let source = Source::new("bitbucket-pipelines.yml", text);
    let settings = Settings::with_variables(known_variables);
    let requirements = requirements::requirements(&Analysis::new(&ParsedFile::new(&source), &settings));
    RequirementsAnswer { markdown: requirements.to_markdown(), requirements }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::requirements;

    #[test]
    fn each_variable_has_a_status() {
        let text = "pipelines:\n  default:\n    - step:\n        script: [\"curl $HOOK $OTHER\"]\n";
        let answer = serde_json::to_value(requirements(text, vec!["HOOK".to_owned()])).unwrap();
        let found: Vec<_> = answer["variables"].as_array().unwrap().iter().collect();
        assert_eq!((&found[0]["name"], &found[0]["status"]), (&json!("HOOK"), &json!("declared")));
        assert_eq!((&found[1]["name"], &found[1]["status"]), (&json!("OTHER"), &json!("missing")));
        assert!(answer["markdown"].as_str().unwrap().contains("HOOK"));
    }
}
