//! The JSON Schema of `keyless.yaml`: written from the types, and judged by `check-jsonschema`, which must accept a valid file
//! and find the same errors in the same places as keyless.

use std::{fs, process::Command};

use keyless_core::{
    rules::{Group, pipeline, trust},
    settings::Settings,
};
use serde_json::{Value, json};
use snapbox::{Assert, Data, assert::DEFAULT_ACTION_ENV};

use super::{JUDGE, root};

const SCHEMA: &str = "docs/keyless.schema.json";

/// The schema with the rules and groups, each with the first sentence of its documentation.
fn schema() -> Value {
    let mut schema = schemars::schema_for!(Settings).to_value();
    let groups = Group::ALL.map(|group| (group.name().to_owned(), format!("All rules of the group {}.", group.name())));
    let pipelines = pipeline::RULES.iter().map(|rule| (rule.id.to_string(), rule.summary()));
    let policies = trust::RULES.iter().map(|rule| (rule.id.to_string(), rule.summary()));
    let level = |(name, about): (String, String)| (name, json!({"description": about, "$ref": "#/$defs/Level"}));
    let names = groups.into_iter().chain(pipelines).chain(policies).map(level).collect::<serde_json::Map<_, _>>();
    schema["$id"] = json!(format!("{}/raw/v{}/{SCHEMA}", env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION")));
    schema["title"] = json!("Settings of keyless");
    schema["$defs"]["Rules"] =
        json!({"x-kind": "rule or group", "type": "object", "properties": names, "additionalProperties": false});
    for rules in ["/properties/rules", "/$defs/Override/properties/rules"] {
        let rules = schema.pointer_mut(rules).unwrap().as_object_mut().unwrap();
        rules.retain(|key, _| key == "description");
        rules.insert("$ref".to_owned(), json!("#/$defs/Rules"));
    }
    schema
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let published = Data::read_from(&root().join(SCHEMA), None).raw();
    Assert::new().action_env(DEFAULT_ACTION_ENV).eq(Data::text(text), published);
}

const VALID: &str = r#"
variables:
  workspace: [AWS_REGION]
  environments:
    production: [AWS_ROLE_ARN]
role: {environments: true, atlassian-ip-ranges: false}
environments:
  production: {uuid: "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}"}
workspace: acme
rules: {unpinned-image: off, scripts: hint}
require-reason: true
paths: {include: [ci/*.yml], exclude: [examples/]}
overrides:
  - paths: [services/legacy/]
    rules: {credentials: warning}
"#;

/// Invalid files: the place of the error as check-jsonschema writes it, and as keyless does.
const INVALID: [(&str, &str, &str); 6] = [
    ("variabels: {}\n", "$", ":1:1: error[invalid-settings]: unknown setting `variabels`"),
    (
        "rules:\n  unpined-image: off\n",
        "$.rules",
        ":2:3: error[invalid-settings]: unknown rule or group `unpined-image`",
    ),
    (
        "rules:\n  unpinned-image: never\n",
        "$.rules['unpinned-image']",
        ":2:19: error[invalid-settings]: unknown value `never` for `unpinned-image`",
    ),
    (
        "variables:\n  workspace: AWS_REGION\n",
        "$.variables.workspace",
        ":2:14: error[invalid-settings]: `workspace` must be a list, found a string",
    ),
    (
        "environments:\n  production: {uuid: production}\n",
        "$.environments.production.uuid",
        ":2:22: error[invalid-settings]: `production` is not a UUID",
    ),
    (
        "overrides:\n  - paths: [a]\n    rules: {}\n  - rules: {}\n",
        "$.overrides[1]",
        ":4:5: error[invalid-settings]: missing required key `paths`",
    ),
];

#[test]
fn check_jsonschema_and_keyless_agree_on_settings() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("valid.yaml", VALID);
    write("bitbucket-pipelines.yml", "pipelines: {default: [step: {script: [make]}]}\n");
    let names: Vec<String> = (0..INVALID.len()).map(|index| format!("{index}.yaml")).collect();
    for (name, (text, ..)) in names.iter().zip(INVALID) {
        write(name, text);
    }
    let output = Command::new(root().join(JUDGE))
        .args(["--output-format", "json", "--schemafile"])
        .arg(root().join(SCHEMA))
        .arg("valid.yaml")
        .args(&names)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors = report["errors"].as_array().unwrap();
    let places = errors.iter().map(|error| {
        // of an optional value it says that it is not null, and in addition what is wrong in it
        let place = error["best_deep_match"]["path"].as_str().or(error["path"].as_str());
        (error["filename"].as_str().unwrap(), place.unwrap())
    });
    let mut places: Vec<_> = places.collect();
    places.sort_unstable();
    let expected: Vec<_> = names.iter().zip(INVALID).map(|(name, (_, place, _))| (name.as_str(), place)).collect();
    assert_eq!(places, expected, "{report:#}");

    let keyless = |settings: &str| {
        let mut command = Command::new(keyless_tests::checkout::binary("keyless"));
        command.args(["lint", "--settings", settings]).current_dir(folder.path());
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    assert_eq!(keyless("valid.yaml"), "");
    for (name, (_, _, error)) in names.iter().zip(INVALID) {
        let written = keyless(name);
        assert!(written.starts_with(&format!("{name}{error}")), "{written}");
    }
}
