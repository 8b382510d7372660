//! From stored keys to roles.

use keyless_core::{
    analysis::{Analysis, ParsedFile},
    migrate::{self, MigrationEdit, Options, Plan, Refusal},
    settings::Settings,
    text::Source,
};
use serde::Serialize;

/// The plan of `keyless migrate`, with the edits of all its uses together.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MigrationAnswer {
    /// As `keyless migrate --format json` prints it.
    #[serde(flatten)]
    pub plan: Plan,
    /// As Markdown.
    pub markdown: String,
    /// What `--write` changes.
    pub safe: Vec<MigrationEdit>,
    /// What `--write --unsafe` changes.
    pub all: Vec<MigrationEdit>,
}

/// The plan for `text`. `known_variables` are the names that Bitbucket's settings define.
///
/// # Errors
/// [`Refusal`] for a text that is not valid YAML.
pub fn migrate(text: &str, known_variables: Vec<String>) -> Result<MigrationAnswer, Refusal> {
    let source = Source::new("bitbucket-pipelines.yml", text);
    let settings = Settings::with_variables(known_variables);
    let plan = migrate::plan(&Analysis::new(&ParsedFile::new(&source), &settings), &Options::default())?;
    let edits = |all| migrate::edits(&plan, all).iter().map(MigrationEdit::of).collect();
    Ok(MigrationAnswer { markdown: plan.to_markdown(), safe: edits(false), all: edits(true), plan })
}

#[cfg(test)]
mod tests {
    use super::migrate;

    #[test]
    fn edits_of_both_kinds_are_listed() {
        let text = "image: amazon/aws-cli:2.17.42\npipelines:\n  default:\n    - step:\n        script:\n          - aws s3 ls\n";
        let count = |known: &[&str]| {
            let answer = migrate(text, known.iter().map(|name| (*name).to_owned()).collect()).unwrap();
            assert!(answer.markdown.contains("aws") || answer.markdown.contains("AWS"));
            (answer.safe.len(), answer.all.len())
        };
        assert_eq!(count(&[]), (0, 2));
        assert_eq!(count(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]), (2, 2));
        assert!(migrate("a: [", Vec::new()).is_err());
    }
}
