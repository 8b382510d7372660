//! What fuzzing starts from: the project's own pipelines, policies, scripts, expressions and tokens, each once.

use std::{collections::BTreeSet, fs, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use keyless_core::{
    analysis::{Analysis, ParsedFile, expressions::expressions},
    rules::{self, Example},
    settings::Settings,
    text::Source,
};
use serde_json::json;

use crate::checkout;

/// The seeds of a target.
///
/// # Panics
/// If the checkout cannot be read.
pub fn of(target: &str) -> BTreeSet<String> {
    match target {
        "shell" | "powershell" => scripts(),
        "expression" => of_pipelines(|file| {
            expressions(file.tree, &file.model).iter().map(|written| written.text.value.to_owned()).collect()
        }),
        "token" => tokens(),
        "trust" | "evaluate" => policies(&["json", "yaml"]),
        "terraform" => policies(&["tf"]),
        // two bytes for the place
        "editor" => pipelines().into_iter().map(|text| format!("\u{1}\u{40}{text}")).collect(),
        _ => pipelines(),
    }
}

fn pipelines() -> BTreeSet<String> {
    let examples = rules::pipeline::RULES.iter().flat_map(|rule| rule.examples()).map(|example| example.text);
    files(&["yml"]).into_iter().chain(examples).collect()
}

fn policies(extensions: &[&str]) -> BTreeSet<String> {
    let examples: Vec<Example> = rules::trust::RULES.iter().flat_map(|rule| rule.examples()).collect();
    let of_pipelines = rules::pipeline::RULES.iter().flat_map(|rule| rule.examples());
    let written = examples.into_iter().filter(|example| extensions.iter().any(|end| example.file_name.ends_with(end)));
    let beside = of_pipelines.filter_map(|example| example.policy).filter(|_| extensions.contains(&"json"));
    let stored = files(extensions).into_iter().filter(|text| text.contains("AssumeRoleWithWebIdentity"));
    written.map(|example| example.text).chain(beside).chain(stored).collect()
}

fn scripts() -> BTreeSet<String> {
    of_pipelines(|file| {
        let sections = file.facts.steps.iter().flat_map(|step| &step.sections);
        sections.map(|section| section.script.text().to_owned()).filter(|text| !text.is_empty()).collect()
    })
}

fn of_pipelines(ask: impl Fn(&Analysis<'_>) -> Vec<String>) -> BTreeSet<String> {
    let settings = Settings::default();
    let mut found = BTreeSet::new();
    for text in pipelines() {
        let source = Source::new("bitbucket-pipelines.yml", &text);
        let parsed = ParsedFile::new(&source);
        found.extend(ask(&Analysis::new(&parsed, &settings)));
    }
    found
}

fn tokens() -> BTreeSet<String> {
    let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({ "alg": "RS256", "kid": "a", "typ": "JWT" }));
    let audience = "ari:cloud:bitbucket::workspace/0f4c1f0a-1b2c-4d3e-8f90-a1b2c3d4e5f6";
    let claims = json!({
        "iss": "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        "sub": "{0f4c1f0a-1b2c-4d3e-8f90-a1b2c3d4e5f6}:{0f4c1f0a-1b2c-4d3e-8f90-a1b2c3d4e5f6}",
        "aud": audience, "iat": 1, "exp": 2, "branchName": "main",
    });
    let mut others = claims.clone();
    others["aud"] = json!([audience, "sts.amazonaws.com"]);
    let token = |claims| format!("{header}.{}.c2lnbmF0dXJlIG9mIGEgdG9rZW4", part(claims));
    ["$BITBUCKET_STEP_OIDC_TOKEN".to_owned(), token(claims), token(others), token(json!({}))].into()
}

/// The files of the checkout with these extensions, without what is built or installed.
fn files(extensions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["crates", "tests", "web/examples", "demo", "pipe"] {
        collect(&checkout::root().join(folder), extensions, &mut found);
    }
    found
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the checkout can be read").filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name());
        let is_ours = !name.to_string_lossy().starts_with('.') && name != "node_modules" && name != "target";
        if path.is_dir() && is_ours && name != "corpus" {
            collect(&path, extensions, found);
        } else if path.extension().is_some_and(|end| extensions.iter().any(|wanted| end == *wanted)) {
            found.extend(fs::read_to_string(path));
        }
    }
}
