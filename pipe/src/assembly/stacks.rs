//! The stacks of an assembly at every depth, and those that a run selects.
//!
//! A stage is a nested assembly with a manifest in its own folder (aws-cdk-cli, `@aws-cdk/cloud-assembly-schema`,
//! `ArtifactManifest`).

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use keyless_core::pipeline::glob;
use serde_json::{Map, Value};

/// A stack of an assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its path in the app, which the CDK's patterns match: `Prod/Shop`.
    pub path: String,
    /// Its account; nothing for a stack that is deployed to the session's.
    pub account: Option<String>,
    /// Its region; nothing for a stack that is deployed to the session's.
    pub region: Option<String>,
    /// Its name in CloudFormation.
    pub name: String,
    /// The file with its template.
    pub template: PathBuf,
    /// The roles that may read what is deployed, the one for lookups first.
    pub readers: Vec<Reader>,
    /// The paths of the stacks that it depends on.
    needs: Vec<String>,
}

/// A role for the CDK's calls. Its ARN may have the places `${AWS::Partition}`, `${AWS::AccountId}` and `${AWS::Region}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The role's ARN.
    pub arn: String,
    /// The external id that its trust policy requires.
    pub external_id: Option<String>,
}

/// What an assembly consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// The stacks at every depth.
    pub stacks: Vec<Stack>,
    /// The context values that the app needs and does not have.
    pub missing: Vec<Lookup>,
}

/// A context value to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// Its key in cdk.context.json.
    pub key: String,
    /// Who looks it up, such as `vpc-provider`.
    pub provider: String,
    /// The account to look it up in.
    pub account: Option<String>,
}

/// Which further stacks a command adds to those that are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expansion {
    /// None.
    Exclusively,
    /// Those that the named ones depend on.
    Dependencies,
    /// Those that depend on the named ones.
    Dependents,
}

/// Reads the manifest in `folder`, and those of the nested assemblies.
///
/// # Errors
/// The reason why a manifest cannot be read.
pub(crate) fn read(folder: &Path) -> Result<Contents, String> {
    let assembly = folder.canonicalize().map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
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
                Some(STACK) => contents.stacks.push(Stack::read(&assembly, &folder, id, artifact, artifacts)?),
                Some(NESTED) => {
                    if let Some(name) = artifact["properties"]["directoryName"].as_str() {
                        folders.push(inside(&assembly, &folder, name)?);
                    }
                }
                _ => {}
            }
        }
        contents.missing.extend(manifest["missing"].as_array().into_iter().flatten().map(|missing| {
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let (key, provider) = (text(&missing["key"]), text(&missing["provider"]));
            Lookup {
                key: key.unwrap_or_default(),
                provider: provider.unwrap_or_default(),
                account: text(&missing["props"]["account"]),
            }
        }));
    }
    // Newer versions of aws-cdk-lib list those of nested assemblies in the first manifest too.
    contents.missing.sort_by(|one, other| one.key.cmp(&other.key));
    contents.missing.dedup();
    Ok(contents)
}

const STACK: &str = "aws:cloudformation:stack";
const NESTED: &str = "cdk:cloud-assembly";
/// The account of a stack without one.
const UNKNOWN_ACCOUNT: &str = "unknown-account";
/// The region of a stack without one.
const UNKNOWN_REGION: &str = "unknown-region";

impl Stack {
    fn read(
        assembly: &Path,
        folder: &Path,
        id: &str,
        artifact: &Value,
        artifacts: &Map<String, Value>,
    ) -> Result<Self, String> {
        // aws://ACCOUNT/REGION
        let environment =
            artifact["environment"].as_str().and_then(|text| text.strip_prefix("aws://")?.split_once('/'));
        let needs = artifact["dependencies"].as_array().into_iter().flatten().filter_map(|id| {
            let id = id.as_str()?;
            let artifact = artifacts.get(id).filter(|artifact| artifact["type"].as_str() == Some(STACK))?;
            Some(path(id, artifact))
        });
        let properties = &artifact["properties"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let lookup = (&properties["lookupRole"]["arn"], &properties["lookupRole"]["assumeRoleExternalId"]);
        let deploy = (&properties["assumeRoleArn"], &properties["assumeRoleExternalId"]);
        let readers = [lookup, deploy]
            .into_iter()
            .filter_map(|(arn, external_id)| Some(Reader { arn: text(arn)?, external_id: text(external_id) }));
        Ok(Self {
            path: path(id, artifact),
            account: environment.map(|(account, _)| account.to_owned()).filter(|account| account != UNKNOWN_ACCOUNT),
            region: environment.map(|(_, region)| region.to_owned()).filter(|region| region != UNKNOWN_REGION),
            name: text(&properties["stackName"]).unwrap_or_else(|| id.to_owned()),
            template: inside(assembly, folder, properties["templateFile"].as_str().unwrap_or_default())?,
            readers: readers.collect(),
            needs: needs.collect(),
        })
    }
}

/// A path that a manifest names. The app writes the manifest, so it could name any file of the step, also by a symbolic link, and
/// what is read is reported. A named pipe or a device would be read without an end.
fn inside(assembly: &Path, folder: &Path, name: &str) -> Result<PathBuf, String> {
    let path = folder.join(name);
    let refused = |why: &str| Err(format!("the manifest in {} names `{name}`, which is {why}", folder.display()));
    if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return refused("outside of the assembly");
    }
    match (path.canonicalize(), fs::metadata(&path)) {
        (Ok(real), _) if !real.starts_with(assembly) => refused("a symbolic link out of the assembly"),
        (_, Ok(metadata)) if !metadata.is_file() && !metadata.is_dir() => refused("neither a file nor a folder"),
        // What does not exist is reported where it is read.
        _ => Ok(path),
    }
}

fn path(id: &str, artifact: &Value) -> String {
    artifact["displayName"].as_str().unwrap_or(id).to_owned()
}

/// Whether a pattern is one of those that can be evaluated here: the CDK's can do more (picomatch).
fn is_plain(pattern: &str) -> bool {
    pattern.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/*?{},".contains(c))
}

/// Whether a plain pattern matches a path, in which `**` between slashes also stands for nothing.
fn matches(pattern: &str, path: &str) -> bool {
    [pattern, &pattern.replace("**/", ""), &pattern.replace("/**", "")]
        .iter()
        .any(|pattern| glob::matches(pattern, path))
}

/// The patterns that match no stack. Those that cannot be evaluated here are left to the CDK, and so are exclusions.
pub(crate) fn unmatched<'p>(stacks: &[Stack], patterns: &'p [String]) -> Vec<&'p str> {
    let matches_none = |pattern: &str| !stacks.iter().any(|stack| matches(pattern, &stack.path));
    patterns.iter().map(String::as_str).filter(|pattern| is_plain(pattern) && matches_none(pattern)).collect()
}

/// The stacks that the CDK selects with these patterns, together with those that the command adds: those that match a pattern, or
/// all where none is given, except those that match one after `!`. A pattern that cannot be evaluated here selects all: no stack is
/// missed.
pub(crate) fn selected<'a>(stacks: &'a [Stack], patterns: &[String], expansion: Expansion) -> Vec<&'a Stack> {
    let (excluded, included): (Vec<&str>, Vec<&str>) =
        patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
    let excluded: Vec<&str> = excluded.iter().map(|pattern| &pattern[1..]).collect();
    if !included.iter().chain(&excluded).all(|pattern| is_plain(pattern)) {
        return stacks.iter().collect();
    }
    let any = |patterns: &[&str], stack: &Stack| patterns.iter().any(|pattern| matches(pattern, &stack.path));
    let is_named = |stack: &&Stack| (included.is_empty() || any(&included, stack)) && !any(&excluded, stack);
    let mut names: BTreeSet<&str> = stacks.iter().filter(is_named).map(|stack| stack.path.as_str()).collect();
    loop {
        let is_in = |name: &String| names.contains(name.as_str());
        let more: Vec<&str> = match expansion {
            Expansion::Exclusively => Vec::new(),
            Expansion::Dependencies => {
                let needed = stacks.iter().filter(|stack| is_in(&stack.path)).flat_map(|stack| &stack.needs);
                needed.filter(|name| !is_in(name)).map(String::as_str).collect()
            }
            Expansion::Dependents => {
                let needing = stacks.iter().filter(|stack| stack.needs.iter().any(is_in) && !is_in(&stack.path));
                needing.map(|stack| stack.path.as_str()).collect()
            }
        };
        if more.is_empty() {
            break;
        }
        names.extend(more);
    }
    stacks.iter().filter(|stack| names.contains(stack.path.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(path: &str, needs: &[&str]) -> Stack {
        Stack {
            path: path.to_owned(),
            account: None,
            region: None,
            name: path.to_owned(),
            template: PathBuf::new(),
            readers: Vec::new(),
            needs: needs.iter().map(|name| (*name).to_owned()).collect(),
        }
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
                     "dependencies": ["Net", "Net.assets"], "properties": {
                         "templateFile": "Web.template.json", "stackName": "acme-web", "assumeRoleArn": "deploy",
                         "lookupRole": { "arn": "lookup", "assumeRoleExternalId": "x" } } },
            "assembly-Prod": { "type": "cdk:cloud-assembly", "properties": { "directoryName": "assembly-Prod" } }
        }, "missing": [{ "key": "k", "provider": "ssm", "props": { "account": "333333333333" } }] }"#;
        fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        let manifest = r#"{ "artifacts": { "ProdShop1234": { "type": "aws:cloudformation:stack",
            "environment": "aws://222222222222/eu-west-1", "displayName": "Prod/Shop" } } }"#;
        fs::write(nested.join("manifest.json"), manifest).unwrap();
        let contents = read(folder.path()).unwrap();
        let account = |account: &str| Some(account.to_owned());
        let reader = |arn: &str, id: Option<&str>| Reader { arn: arn.to_owned(), external_id: id.map(str::to_owned) };
        let region = account("eu-west-1");
        assert_eq!(
            contents.stacks,
            [
                Stack { template: folder.path().join(""), ..stack("Net", &[]) },
                Stack {
                    account: account("111111111111"),
                    region: region.clone(),
                    name: "acme-web".to_owned(),
                    template: folder.path().join("Web.template.json"),
                    readers: vec![reader("lookup", Some("x")), reader("deploy", None)],
                    ..stack("Web", &["Net"])
                },
                Stack {
                    account: account("222222222222"),
                    region,
                    name: "ProdShop1234".to_owned(),
                    template: nested.join(""),
                    ..stack("Prod/Shop", &[])
                },
            ]
        );
        let lookup = Lookup { key: "k".to_owned(), provider: "ssm".to_owned(), account: account("333333333333") };
        assert_eq!(contents.missing, [lookup]);
        fs::remove_file(nested.join("manifest.json")).unwrap();
        assert!(read(folder.path()).unwrap_err().starts_with("cannot read "));
    }

    #[test]
    fn a_manifest_cannot_name_files_outside_of_the_assembly() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, property) in [(STACK, "templateFile"), (NESTED, "directoryName")] {
            for name in ["../other/secret.json", "/etc/passwd", "a/../../b"] {
                let artifacts = serde_json::json!({ "A": { "type": kind, "properties": { property: name } } });
                let manifest = serde_json::json!({ "artifacts": artifacts }).to_string();
                fs::write(folder.path().join("manifest.json"), manifest).unwrap();
                let refused = read(folder.path()).unwrap_err();
                assert!(refused.ends_with(&format!("names `{name}`, which is outside of the assembly")), "{refused}");
            }
        }
    }

    #[test]
    fn a_link_in_the_assembly_leads_to_no_file_outside_of_it() {
        let outside = tempfile::tempdir().unwrap();
        let secret = outside.path().join("secret.json");
        fs::write(&secret, "{}").unwrap();
        fs::write(outside.path().join("manifest.json"), r#"{ "artifacts": {} }"#).unwrap();
        for (kind, name, why) in [
            (STACK, "link.json", Some("a symbolic link out of the assembly")),
            (STACK, "link/secret.json", Some("a symbolic link out of the assembly")),
            (STACK, "device", Some("a symbolic link out of the assembly")),
            (STACK, "pipe.json", Some("neither a file nor a folder")),
            (NESTED, "link", Some("a symbolic link out of the assembly")),
            (STACK, "own.json", None),
            (STACK, "./manifest.json", None),
        ] {
            let assembly = tempfile::tempdir().unwrap();
            let link =
                |target: &Path, name: &str| std::os::unix::fs::symlink(target, assembly.path().join(name)).unwrap();
            link(&secret, "link.json");
            link(outside.path(), "link");
            link(Path::new("/dev/zero"), "device");
            link(Path::new("manifest.json"), "own.json");
            std::process::Command::new("mkfifo").arg(assembly.path().join("pipe.json")).status().unwrap();
            let properties = serde_json::json!({ "templateFile": name, "directoryName": name });
            let manifest = serde_json::json!({ "artifacts": { "A": { "type": kind, "properties": properties } } });
            fs::write(assembly.path().join("manifest.json"), manifest.to_string()).unwrap();
            let refused = read(assembly.path()).err();
            let ends = why.map(|why| format!("names `{name}`, which is {why}"));
            assert!(
                refused.as_ref().zip(ends.as_ref()).map_or(refused == ends, |(r, e)| r.ends_with(e)),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn patterns_select_stacks_and_their_dependencies() {
        use Expansion::{Dependencies, Dependents, Exclusively};
        let stacks = [
            stack("Net", &[]),
            stack("Web", &["Net"]),
            stack("Prod/Net", &[]),
            stack("Prod/Db", &["Prod/Net"]),
            stack("Prod/Shop", &["Prod/Db"]),
        ];
        let owned = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<String>>();
        let names = |patterns: &[&str], expansion: Expansion| {
            let found = selected(&stacks, &owned(patterns), expansion);
            found.iter().map(|stack| stack.path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&["Web"], Dependencies), ["Net", "Web"]);
        assert_eq!(names(&["Web"], Exclusively), ["Web"]);
        assert_eq!(names(&["Web"], Dependents), ["Web"]);
        assert_eq!(names(&["Prod/Net"], Dependents), ["Prod/Net", "Prod/Db", "Prod/Shop"]);
        assert_eq!(names(&["Prod/Net"], Dependencies), ["Prod/Net"]);
        assert_eq!(names(&["*"], Dependencies), ["Net", "Web"]);
        assert_eq!(names(&["{Web,Other}"], Exclusively), ["Web"]);
        assert_eq!(names(&["Prod/S*"], Dependencies), ["Prod/Net", "Prod/Db", "Prod/Shop"]);
        assert_eq!(names(&["Prod"], Dependencies), Vec::<String>::new());
        assert_eq!(names(&["**/Net"], Exclusively), ["Net", "Prod/Net"]);
        assert_eq!(names(&["Prod/**"], Exclusively), ["Prod/Net", "Prod/Db", "Prod/Shop"]);
        assert_eq!(names(&["!Prod/*"], Exclusively), ["Net", "Web"]);
        assert_eq!(names(&["**", "!**/Net"], Exclusively), ["Web", "Prod/Db", "Prod/Shop"]);
        for everything in [&[][..], &["**"], &["@(Web|Net)"], &["!@(Web)"]] {
            assert_eq!(names(everything, Exclusively).len(), stacks.len(), "{everything:?}");
        }
        let patterns =
            owned(&["Web", "Wbe", "Prod", "Prod/*", "W??", "*/*/*", "{A,B}", "!Nobody", "[a]", "**", "Dev/**"]);
        assert_eq!(unmatched(&stacks, &patterns), ["Wbe", "Prod", "*/*/*", "{A,B}", "Dev/**"]);
    }
}
