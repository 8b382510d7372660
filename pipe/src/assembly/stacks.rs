//! The stacks of an assembly at every depth, and those that a run selects.
//!
//! A stage is a nested assembly with a manifest in its own folder (aws-cdk-cli, `@aws-cdk/cloud-assembly-schema`,
//! `ArtifactManifest`).

use std::{collections::BTreeSet, fs, path::Path};

use keyless_core::pipeline::glob;
use serde_json::{Map, Value};

/// A stack of an assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its path in the app, which the CDK's patterns match: `Prod/Shop`.
    pub path: String,
    /// Its account; nothing for a stack that is deployed to the session's.
    pub account: Option<String>,
    /// The paths of the stacks that it depends on.
    needs: Vec<String>,
}

/// What an assembly consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// The stacks at every depth.
    pub stacks: Vec<Stack>,
    /// The keys of the context values that the app needs and does not have, with the accounts to look them up in.
    pub missing: Vec<(String, Option<String>)>,
}

/// Reads the manifest in `folder`, and those of the nested assemblies.
///
/// # Errors
/// The reason why a manifest cannot be read.
pub(crate) fn read(folder: &Path) -> Result<Contents, String> {
    let mut contents = Contents::default();
    let mut folders = vec![folder.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let file = folder.join("manifest.json");
        let json = fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let manifest: Value =
            serde_json::from_slice(&json).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let none = Map::new();
        let artifacts = manifest["artifacts"].as_object().unwrap_or(&none);
        for (id, artifact) in artifacts {
            match artifact["type"].as_str() {
                Some(STACK) => contents.stacks.push(Stack::read(id, artifact, artifacts)),
                Some(NESTED) => {
                    folders.extend(artifact["properties"]["directoryName"].as_str().map(|name| folder.join(name)));
                }
                _ => {}
            }
        }
        contents.missing.extend(manifest["missing"].as_array().into_iter().flatten().map(|missing| {
            let account = missing["props"]["account"].as_str().map(str::to_owned);
            (missing["key"].as_str().unwrap_or_default().to_owned(), account)
        }));
    }
    Ok(contents)
}

const STACK: &str = "aws:cloudformation:stack";
const NESTED: &str = "cdk:cloud-assembly";
/// The account of a stack without one.
const UNKNOWN_ACCOUNT: &str = "unknown-account";

impl Stack {
    fn read(id: &str, artifact: &Value, artifacts: &Map<String, Value>) -> Self {
        // aws://ACCOUNT/REGION
        let environment =
            artifact["environment"].as_str().and_then(|text| text.strip_prefix("aws://")?.split_once('/'));
        let needs = artifact["dependencies"].as_array().into_iter().flatten().filter_map(|id| {
            let id = id.as_str()?;
            let artifact = artifacts.get(id).filter(|artifact| artifact["type"].as_str() == Some(STACK))?;
            Some(path(id, artifact))
        });
        Self {
            path: path(id, artifact),
            account: environment.map(|(account, _)| account.to_owned()).filter(|account| account != UNKNOWN_ACCOUNT),
            needs: needs.collect(),
        }
    }
}

fn path(id: &str, artifact: &Value) -> String {
    artifact["displayName"].as_str().unwrap_or(id).to_owned()
}

/// The stacks that the CDK selects with these patterns, together with the stacks that they depend on unless `exclusively`. No
/// pattern selects all. The CDK's patterns can do more than can be evaluated here: any other selects all too, so that no stack is
/// missed.
pub(crate) fn selected<'a>(stacks: &'a [Stack], patterns: &[String], exclusively: bool) -> Vec<&'a Stack> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-/*".contains(c);
    if patterns.is_empty() || patterns.iter().any(|pattern| pattern.contains("**") || !pattern.chars().all(is_plain)) {
        return stacks.iter().collect();
    }
    let is_named = |stack: &Stack| patterns.iter().any(|pattern| glob::matches(pattern, &stack.path));
    let mut names: BTreeSet<&str> =
        stacks.iter().filter(|stack| is_named(stack)).map(|stack| stack.path.as_str()).collect();
    let mut grows = !exclusively;
    while grows {
        let needed = stacks.iter().filter(|stack| names.contains(stack.path.as_str())).flat_map(|stack| &stack.needs);
        let more: Vec<&str> = needed.map(String::as_str).filter(|name| !names.contains(name)).collect();
        grows = !more.is_empty();
        names.extend(more);
    }
    stacks.iter().filter(|stack| names.contains(stack.path.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(path: &str, needs: &[&str]) -> Stack {
        Stack { path: path.to_owned(), account: None, needs: needs.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn stacks_are_read_at_every_depth() {
        let folder = tempfile::tempdir().unwrap();
        let nested = folder.path().join("assembly-Prod");
        fs::create_dir(&nested).unwrap();
        let manifest = r#"{ "artifacts": {
            "Net": { "type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region" },
            "Net.assets": { "type": "cdk:asset-manifest" },
            "Web": { "type": "aws:cloudformation:stack", "environment": "aws://111111111111/eu-west-1",
                     "dependencies": ["Net", "Net.assets"] },
            "assembly-Prod": { "type": "cdk:cloud-assembly", "properties": { "directoryName": "assembly-Prod" } }
        }, "missing": [{ "key": "k", "provider": "ssm", "props": { "account": "333333333333" } }] }"#;
        fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        let manifest = r#"{ "artifacts": { "ProdShop1234": { "type": "aws:cloudformation:stack",
            "environment": "aws://222222222222/eu-west-1", "displayName": "Prod/Shop" } } }"#;
        fs::write(nested.join("manifest.json"), manifest).unwrap();
        let contents = read(folder.path()).unwrap();
        let account = |account: &str| Some(account.to_owned());
        assert_eq!(
            contents.stacks,
            [
                stack("Net", &[]),
                Stack { account: account("111111111111"), ..stack("Web", &["Net"]) },
                Stack { account: account("222222222222"), ..stack("Prod/Shop", &[]) },
            ]
        );
        assert_eq!(contents.missing, [("k".to_owned(), account("333333333333"))]);
        fs::remove_file(nested.join("manifest.json")).unwrap();
        assert!(read(folder.path()).unwrap_err().starts_with("cannot read "));
    }

    #[test]
    fn patterns_select_stacks_and_their_dependencies() {
        let stacks = [
            stack("Net", &[]),
            stack("Web", &["Net"]),
            stack("Prod/Net", &[]),
            stack("Prod/Db", &["Prod/Net"]),
            stack("Prod/Shop", &["Prod/Db"]),
        ];
        let names = |patterns: &[&str], exclusively: bool| {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            selected(&stacks, &patterns, exclusively).iter().map(|stack| stack.path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&["Web"], false), ["Net", "Web"]);
        assert_eq!(names(&["Web"], true), ["Web"]);
        assert_eq!(names(&["*"], false), ["Net", "Web"]);
        assert_eq!(names(&["Prod/S*"], false), ["Prod/Net", "Prod/Db", "Prod/Shop"]);
        assert_eq!(names(&["Prod"], false), Vec::<String>::new());
        for everything in [&[][..], &["**"], &["!Web"], &["{Web,Net}"], &["**/Net"]] {
            assert_eq!(names(everything, true).len(), stacks.len(), "{everything:?}");
        }
    }
}
