//! npm, pnpm and Yarn.

use serde_json::Value;

use super::{Answer, Existing, HomeFile, Question, Registry, Sources, TOKEN};

const LIST: &[&[&str]] = &[&["config", "list", "--json"]];

pub(super) const QUESTION: Question = Question { program: "npm", commands: LIST, project: None, read: read_npm };
pub(super) const PNPM_QUESTION: Question = Question { program: "pnpm", commands: LIST, project: None, read: read_npm };
/// Yarn 2 and newer.
pub(super) const YARN_QUESTION: Question = Question {
    program: "yarn",
    commands: &[&["config", "get", "npmRegistryServer", "--json"], &["config", "get", "npmScopes", "--json"]],
    project: None,
    read: read_yarn,
};
pub(super) const YARN_1_QUESTION: Question =
    Question { program: "yarn", commands: LIST, project: None, read: read_yarn_1 };

/// A variable takes precedence over the project's own `.npmrc`, in which no scope is changed.
pub(super) fn variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    for_all_packages(registry, &["npm_config_registry"])
}

/// Version 11 reads its own variables instead of npm's.
pub(super) fn pnpm_variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    for_all_packages(registry, &["npm_config_registry", "pnpm_config_registry"])
}

/// Variables with the registry, which serves all packages unless it has a scope.
pub(super) fn for_all_packages(registry: &Registry<'_>, names: &[&'static str]) -> Vec<(&'static str, String)> {
    let names = if registry.scope.is_some() { &[] } else { names };
    names.iter().map(|name| (*name, registry.url.to_owned())).collect()
}

/// Yarn 2 and newer have their own variables, which only work for all packages; Yarn 1 reads what npm reads.
pub(super) fn yarn_variables(registry: &Registry<'_>) -> Vec<(&'static str, String)> {
    let mut variables = variables(registry);
    if registry.scope.is_none() {
        variables.push(("YARN_NPM_REGISTRY_SERVER", registry.url.trim_end_matches('/').to_owned()));
        variables.push(("YARN_NPM_AUTH_TOKEN", registry.password()));
        variables.push(("YARN_NPM_ALWAYS_AUTH", "true".to_owned()));
    }
    variables
}

pub(super) fn files(registry: &Registry<'_>) -> Vec<HomeFile> {
    vec![HomeFile::appended(".npmrc", npmrc(registry))]
}

/// Yarn 1 sends the token with packages without a scope only when told so. Yarn 2 and newer read scopes from their own file.
pub(super) fn yarn_files(registry: &Registry<'_>) -> Vec<HomeFile> {
    let text = format!("{}\n{}:always-auth=true", npmrc(registry), registry.without_scheme());
    let mut files = vec![HomeFile::appended(".npmrc", text)];
    if let Some(scope) = registry.scope {
        let (name, url) = (scope.trim_start_matches('@'), registry.url.trim_end_matches('/'));
        let settings = [
            format!("npmRegistryServer: \"{url}\""),
            format!("npmAuthToken: \"${{{TOKEN}}}\""),
            "npmAlwaysAuth: true".to_owned(),
        ];
        files.push(HomeFile {
            path: ".yarnrc.yml",
            existing: Existing::AppendedWithout("npmScopes"),
            text: format!("npmScopes:\n  {name}:\n    {}", settings.join("\n    ")),
            needed: format!("add `{name}` to its `npmScopes`, with {}", settings.join(", ")),
        });
    }
    files
}

fn npmrc(registry: &Registry<'_>) -> String {
    let token = format!("{}:_authToken=${{{TOKEN}}}", registry.without_scheme());
    match registry.scope {
        Some(scope) => format!("{scope}:registry={}\n{token}", registry.url),
        None => token,
    }
}

/// The configuration as one object: `{"registry": …, "@acme:registry": …}`.
fn read_npm(answer: &Answer<'_>) -> Option<Sources> {
    let config: Value = serde_json::from_str(answer.printed.first()?).ok()?;
    let scopes = scopes_of(&config);
    Some(Sources::of_npm(Some(string(&config, "registry")?), scopes, answer.registry.scope))
}

/// The registry as a string, and the scopes, if there are any, as an object: `{"acme": {"npmRegistryServer": …}}`.
fn read_yarn(answer: &Answer<'_>) -> Option<Sources> {
    let [registry, scopes] = answer.printed else { return None };
    // Yarn 1 does not know the settings, and prints an object that says so.
    let default: String = serde_json::from_str(registry).ok()?;
    let scopes: Value = if scopes.trim() == "undefined" { Value::Null } else { serde_json::from_str(scopes).ok()? };
    let own = |(name, scope): (&String, &Value)| Some((format!("@{name}"), string(scope, "npmRegistryServer")?));
    let scopes = scopes.as_object().into_iter().flatten().filter_map(own).collect();
    Some(Sources::of_npm(Some(default), scopes, answer.registry.scope))
}

/// Two objects, each in a line: Yarn's own configuration, and npm's, which takes precedence.
fn read_yarn_1(answer: &Answer<'_>) -> Option<Sources> {
    let lines = answer.printed.first()?.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut objects = lines.filter(|line| line["type"] == "inspect").map(|mut line| line["data"].take());
    let (own, npm) = (objects.next()?, objects.next()?);
    let default = string(&npm, "registry").or_else(|| string(&own, "registry"))?;
    Some(Sources::of_npm(Some(default), scopes_of(&npm), answer.registry.scope))
}

fn scopes_of(config: &Value) -> Vec<(String, String)> {
    let entries = config.as_object().into_iter().flatten();
    let scope = |(key, value): (&String, &Value)| {
        let name = key.strip_suffix(":registry").filter(|name| name.starts_with('@'))?;
        Some((name.to_owned(), value.as_str()?.to_owned()))
    };
    entries.filter_map(scope).collect()
}

fn string(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}
