//! Errors in `keyless.yaml`, each with its place. What is allowed is in its JSON Schema.

use std::sync::LazyLock;

use keyless_core::{
    diagnostic::{self, Diagnostic, Severity},
    lint,
    oidc::Uuid,
    rules::Group,
    settings::Settings,
    spelling,
    text::{Source, Span},
    yaml::{self, Kind, Limits, Meaning, NodeId, Tree},
};
use serde_json::Value;

use super::paths;
use crate::rules_command::INVALID_SETTINGS;

/// The JSON Schema of `keyless.yaml`, which a test writes from the types in `keyless_core::settings`.
pub(crate) const SCHEMA: &str = include_str!("../../../../docs/keyless.schema.json");

/// Where the schema of this version is published.
pub(crate) const SCHEMA_URL: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/raw/v", env!("CARGO_PKG_VERSION"), "/docs/keyless.schema.json");

static PARSED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap_or_default());

/// All errors of a `keyless.yaml`: those of YAML first, and otherwise what the schema does not allow.
pub(super) fn problems(source: &Source<'_>) -> Vec<Diagnostic> {
    let only_syntax = Settings { selected: Some(vec![Group::Syntax.name().to_owned()]), ..Settings::default() };
    let mut found = lint::lint(source, &only_syntax);
    found.retain(|finding| finding.severity == Severity::Error);
    if !found.is_empty() {
        return found;
    }
    let (tree, _) = yaml::parse(source.text(), Limits::default());
    // A file of nothing but comments declares nothing.
    if let Some(root) = tree.root().filter(|root| !tree.is_null(*root)) {
        let mut check = Check { tree: &tree, found };
        check.value(root, &PARSED, "keyless.yaml");
        found = check.found;
    }
    diagnostic::sort(&mut found);
    found
}

/// An error at a place.
pub(super) fn problem(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(INVALID_SETTINGS, Severity::Error, span, message)
}

struct Check<'t> {
    tree: &'t Tree,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    /// Checks a value by the schema of its place. `name` is what messages call it.
    fn value(&mut self, id: NodeId, schema: &Value, name: &str) {
        let tree = self.tree;
        let id = tree.resolve(id);
        if tree.is_null(id) && is_optional(schema) {
            return;
        }
        let schema = resolved(schema);
        let words = words(schema);
        if !words.is_empty() {
            return self.word(id, &words, name);
        }
        let (found, noun) = json_type(tree, id);
        let allowed = types(schema);
        if !allowed.contains(&found) {
            let expected = allowed.iter().copied().find(|allowed| *allowed != "null").map_or("empty", noun_of);
            let message = match noun {
                "nothing" => format!("{name} must be {expected}, but it is empty"),
                _ => format!("{name} must be {expected}, found {noun}"),
            };
            self.found.push(problem(tree.span(id), message));
            return;
        }
        for item in tree.items(id) {
            self.value(*item, &schema["items"], &format!("an item of {name}"));
        }
        let text = tree.text(id).unwrap_or_default();
        let reason = match schema["format"].as_str() {
            Some("gitignore-pattern") => paths::error(text),
            Some("bitbucket-uuid") => Uuid::parse(text).err().map(|error| error.to_string()),
            _ => None,
        };
        self.found.extend(reason.map(|reason| problem(tree.span(id), reason)));
        if let Kind::Mapping(_) = tree.kind(id) {
            self.mapping(id, schema);
        }
    }

    fn mapping(&mut self, id: NodeId, schema: &Value) {
        let tree = self.tree;
        let fields = tree.fields(id);
        let mut misspelled = Vec::new();
        for field in &fields {
            let key = tree.text(field.key).unwrap_or_default();
            match (schema["properties"].get(key), &schema["additionalProperties"]) {
                (Some(schema), _) | (None, schema @ Value::Object(_)) => {
                    self.value(field.value, schema, &format!("`{key}`"));
                }
                (None, _) => misspelled.extend(self.unknown_key(field.key, key, schema)),
            }
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let is_given = fields.iter().any(|field| tree.text(field.key) == Some(required));
            if !is_given && !misspelled.contains(&required) {
                self.found.push(problem(tree.span(id), format!("missing required key `{required}`")));
            }
        }
    }

    /// Reports a key, and returns the one that was probably meant.
    fn unknown_key<'s>(&mut self, id: NodeId, key: &str, schema: &'s Value) -> Option<&'s str> {
        let keys = keys(schema);
        let kind = schema["x-kind"].as_str();
        let nearest = spelling::nearest(key, keys.iter().copied());
        let mut unknown = problem(self.tree.span(id), format!("unknown {} `{key}`", kind.unwrap_or("setting")));
        match (nearest, kind) {
            (Some(nearest), _) => unknown.help(format!("did you mean `{nearest}`?")),
            (None, Some(_)) => unknown.help("`keyless rules` lists all of them"),
            (None, None) => unknown.help(format!("use {}", listed(&keys))),
        };
        self.found.push(unknown);
        nearest
    }

    /// Checks a value of which only some are allowed.
    fn word(&mut self, id: NodeId, words: &[&str], name: &str) {
        let text = self.tree.text(id);
        if text.is_some_and(|text| words.contains(&text)) {
            return;
        }
        let message = match text {
            Some(text) => format!("unknown value `{text}` for {name}"),
            None => format!("{name} must be a string, found {}", json_type(self.tree, id).1),
        };
        let mut unknown = problem(self.tree.span(id), message);
        match text.and_then(|text| spelling::nearest(text, words.iter().copied())) {
            Some(nearest) => unknown.help(format!("did you mean `{nearest}`?")),
            None => unknown.help(format!("use {}", listed(words))),
        };
        self.found.push(unknown);
    }
}

/// Whether a value may be empty.
fn is_optional(schema: &Value) -> bool {
    types(schema).contains(&"null")
        || schema["anyOf"].as_array().into_iter().flatten().any(|part| part["type"] == "null")
}

/// A schema behind its reference; of an optional one the part that is not null.
fn resolved(schema: &Value) -> &Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return resolved(&PARSED["$defs"][name]);
    }
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    alternatives.filter(|schema| schema["type"] != "null").map(resolved).next().unwrap_or(schema)
}

/// The only values that are allowed; empty if others are.
fn words(schema: &Value) -> Vec<&str> {
    let list = |key: &str| schema[key].as_array().into_iter().flatten();
    let constants = list("oneOf").filter_map(|schema| schema["const"].as_str());
    let nested = list("oneOf").flat_map(|schema| schema["enum"].as_array().into_iter().flatten());
    constants.chain(nested.chain(list("enum")).filter_map(Value::as_str)).collect()
}

fn keys(schema: &Value) -> Vec<&str> {
    schema["properties"].as_object().into_iter().flat_map(|known| known.keys()).map(String::as_str).collect()
}

/// The JSON types that a schema allows.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The JSON type of a value, and what messages call it.
fn json_type(tree: &Tree, id: NodeId) -> (&'static str, &'static str) {
    match tree.kind(id) {
        Kind::Mapping(_) => ("object", "a mapping"),
        Kind::Sequence(_) => ("array", "a list"),
        Kind::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => ("null", "nothing"),
            Meaning::Boolean(_) => ("boolean", "a boolean"),
            Meaning::Integer(_) | Meaning::Float => ("number", "a number"),
            Meaning::YesNo(_) | Meaning::Text => ("string", "a string"),
        },
        Kind::Alias(_) => ("null", "nothing"),
    }
}

fn noun_of(json_type: &str) -> &'static str {
    match json_type {
        "object" => "a mapping",
        "array" => "a list",
        "boolean" => "a boolean",
        _ => "a string",
    }
}

/// Several names: "`a`, `b` or `c`".
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.join(""),
    }
}
