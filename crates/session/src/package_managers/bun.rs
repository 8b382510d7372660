//! Bun. It has no command that prints its configuration, so that the files that it reads are evaluated.
//!
//! A variable with the registry takes precedence over every file (measured with 1.4). There is none for a scope,
//! which the files of the project may send elsewhere.

use std::{collections::BTreeMap, fs, path::Path};

use super::{Answer, Question, Registry, Source, Sources, npm, same};
use crate::workspace;

/// The files that name registries.
pub(super) const SETTINGS: &[&str] = &["bunfig.toml", ".bunfig.toml", ".npmrc"];

/// The command shows that there is a Bun that starts.
pub(super) const QUESTION: Question = Question { program: "bun", commands: &[&["--version"]], project: None, read };

pub(super) fn variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    npm::for_all_packages(registry, &["npm_config_registry", "BUN_CONFIG_REGISTRY"])
}

fn read(answer: &Answer<'_>) -> Option<Sources> {
    // Its version.
    answer.printed.first()?;
    let registry = answer.registry;
    // The files at a workspace's root are read instead of the folder's.
    let project = [Some(answer.folder), workspace::root(answer.folder)].into_iter().flatten().flat_map(|folder| {
        ["bunfig.toml", ".npmrc"].map(|name| {
            let path = folder.join(name);
            let shown = if folder == answer.folder { name.to_owned() } else { path.display().to_string() };
            (path, shown)
        })
    });
    let home = answer
        .home
        .into_iter()
        .flat_map(|home| [".bunfig.toml", ".npmrc"].map(|name| (home.join(name), format!("~/{name}"))));
    let mut first = Source::of(registry.url);
    let mut others: Vec<(String, String)> = Vec::new();
    for (path, file) in project.chain(home) {
        for (scope, url) in scopes_in(&path) {
            let is_own = Some(scope.as_str()) == registry.scope;
            if is_own && !same(&url, registry.url) {
                first = Source { url, file: Some(file.clone()) };
            } else if !is_own && !others.iter().any(|(other, _)| *other == scope) {
                others.push((scope, url));
            }
        }
    }
    Some(Sources { first: Some(first), ..Sources::of_npm(None, others, registry.scope) })
}

/// The scopes with a registry in a file, with their `@`, each with the last one that the file names.
fn scopes_in(path: &Path) -> Vec<(String, String)> {
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    let found = if is_toml { scopes_in_toml(&text) } else { scopes_in_npmrc(&text) };
    found.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect()
}

/// Lines such as `@acme:registry=https://registry.example/`.
fn scopes_in_npmrc(text: &str) -> Vec<(String, String)> {
    let scope = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let name = key.trim().strip_suffix(":registry").filter(|name| name.starts_with('@'))?;
        Some((name.to_owned(), value.trim().trim_matches('"').to_owned()))
    };
    text.lines().filter_map(scope).collect()
}

/// The URLs in the table `install.scopes`, in any of the ways that TOML has for it on lines of their own:
/// `acme = "https://…"`, `"@acme" = { token = "…", url = "https://…" }` and `url = "https://…"` in `[install.scopes.acme]`.
fn scopes_in_toml(text: &str) -> Vec<(String, String)> {
    let mut table = String::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            table = format!("{}.", name.trim_end_matches(']').trim());
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let path = format!("{table}{}", key.trim());
        let Some(name) = path.strip_prefix("install.scopes.") else { continue };
        let name = name.trim_end_matches(".url").trim_matches(['"', '\'']).trim_start_matches('@');
        let url = value.find("http").map(|start| &value[start..]).and_then(|url| url.split(['"', '\'']).next());
        found.extend(url.map(|url| (format!("@{name}"), url.to_owned())));
    }
    found
}
