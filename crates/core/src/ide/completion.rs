//! Suggestions for the word at the cursor.
//!
//! A line that is being typed is rarely valid YAML. So the word at the cursor is replaced with a placeholder key, and the
//! file is parsed as usual: the placeholder's place in the tree determines what fits.

mod line;
mod variables;

use std::borrow::Cow;

use crate::{
    language::{Key, Shape},
    pipeline::{self, BUILT_IN_SERVICE, PREDEFINED_CACHES},
    pipes::catalogue,
    text::{Source, Span},
    yaml::{Kind, Limits, NodeId, Tree, parse},
};
use serde::Serialize;

use super::{pipes as of_pipes, place};

/// Suggestions that can replace the word at the cursor.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Completion {
    /// Where the word is that is replaced, in bytes.
    pub offset: usize,
    /// How many bytes it has.
    pub length: usize,
    /// What can replace it.
    pub options: Vec<Choice>,
}

/// One suggestion.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "CompletionOption", optional_fields))]
pub struct Choice {
    /// What a list of suggestions shows.
    pub label: String,
    /// The inserted text; the label if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insert: Option<String>,
    /// What it is.
    pub kind: ChoiceKind,
    /// One sentence about it.
    #[cfg_attr(feature = "typescript", ts(type = "string"))]
    pub doc: Cow<'static, str>,
}

/// What a [`Choice`] is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "CompletionKind"))]
pub enum ChoiceKind {
    /// A key of the surrounding mapping.
    Key,
    /// One of the values that a key allows.
    Value,
    /// The name of a service, a cache or an environment.
    Name,
    /// An anchor of the file.
    Alias,
    /// A variable of a script.
    Variable,
    /// A published pipe.
    Pipe,
}

impl Choice {
    fn new(label: impl Into<String>, kind: ChoiceKind, doc: impl Into<Cow<'static, str>>) -> Self {
        Self { label: label.into(), insert: None, kind, doc: doc.into() }
    }

    fn key(key: &'static Key) -> Self {
        let nested = place::forms(key.shape)
            .iter()
            .all(|form| matches!(form, Shape::Object(_) | Shape::List(_) | Shape::Map(_)));
        let insert = if nested { format!("{}:", key.name) } else { format!("{}: ", key.name) };
        Self { label: key.name.to_owned(), insert: Some(insert), kind: ChoiceKind::Key, doc: key.doc.into() }
    }
}

/// The placeholder key for the word at the cursor.
const CURSOR: &str = "keyless-cursor";

/// The suggestions at a byte offset; `None` if there are none.
pub fn at(text: &str, offset: usize) -> Option<Completion> {
    let source = Source::new("", text);
    let line = source.line(source.position(offset).line)?;
    let before = source.slice(Span::new(line.start, offset));
    let (word, options) = if let Some(word) = variables::word(&source, line, offset) {
        (word, variables::all(&source, word))
    } else if let Some(word) = line::pipe(&source, line, offset) {
        (word, pipes())
    } else {
        let start = line.start + before.trim_end_matches(is_word).len();
        let after = source.slice(Span::new(offset, line.end));
        let word = Span::new(start, offset + after.find(|c: char| !is_word(c)).unwrap_or(after.len()));
        (word, around(&source, line, word)?)
    };
    let typed = source.slice(Span::new(word.start, offset));
    let done = options.len() == 1 && options[0].label == typed;
    (!options.is_empty() && !done).then_some(Completion { offset: word.start, length: word.len(), options })
}

/// What fits at a word by what is before it on its line.
fn around(source: &Source<'_>, line: Span, word: Span) -> Option<Vec<Choice>> {
    let lead = source.slice(Span::new(line.start, word.start));
    if lead.ends_with('*') {
        return Some(aliases(source.text(), word.start, ""));
    }
    // in `{name: x, oi` the part behind the last comma counts
    let flow = line::in_brackets(lead);
    let part = lead[flow.unwrap_or_default()..].trim_start_matches([' ', '-']);
    if part.is_empty() {
        return Some(on_own_line(source, word, line));
    }
    let (key, _) = part.split_once(": ")?;
    if key == "<<" {
        return Some(aliases(source.text(), word.start, "*"));
    }
    let key_start = word.start - part.len();
    // the unfinished value may make the file invalid, the key alone does not; in brackets others follow it
    let end = if flow.is_some() { word.end } else { line.end };
    key.chars().all(is_word).then(|| behind_key(source, Span::new(key_start, end), key))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The anchors that are defined before an offset; YAML allows no others.
fn aliases(text: &str, offset: usize, prefix: &str) -> Vec<Choice> {
    let (tree, _) = parse(text, Limits::default());
    let before = tree.anchors().iter().filter(|anchor| anchor.span.start < offset);
    let choice = |name: &String| Choice::new(format!("{prefix}{name}"), ChoiceKind::Alias, "an anchor in this file");
    unique(before.map(|anchor| choice(&anchor.name)).collect())
}

/// The published pipes with the newest version that is known.
fn pipes() -> Vec<Choice> {
    let current = catalogue::pipes().iter().filter(|pipe| pipe.replaced_by.is_none());
    let choice = |pipe: &catalogue::Pipe| {
        let reference = format!("{}:{}", pipe.name, pipe.newest?);
        let doc = if pipe.deploys { "a published pipe that deploys" } else { "a published pipe" };
        Some(Choice::new(reference, ChoiceKind::Pipe, doc))
    };
    current.filter_map(choice).collect()
}

/// Keys of the surrounding mapping, or items of the surrounding list.
fn on_own_line(source: &Source<'_>, word: Span, line: Span) -> Vec<Choice> {
    let rest = source.slice(Span::new(word.end, line.end));
    let is_key = rest.trim_start().starts_with(':');
    let colon = if is_key { "" } else { ":" };
    let text = source.text();
    let marked = format!("{}{CURSOR}{colon}{}", &text[..word.start], &text[word.end..]);
    let (tree, _) = parse(&marked, Limits::default());
    let Some((map, entry)) = find_cursor(&tree) else { return Vec::new() };
    let shapes = place::shapes(&tree, map);
    let taken: Vec<_> = tree
        .fields(map)
        .iter()
        .filter(|field| field.key != entry)
        .filter_map(|field| tree.text(field.key).map(str::to_owned))
        .collect();
    let mut choices: Vec<_> = place::objects(&shapes)
        .flat_map(|object| object.keys)
        .filter(|key| !taken.iter().any(|name| name == key.name))
        .map(Choice::key)
        .collect();
    if is_key {
        for choice in &mut choices {
            choice.insert = None;
        }
    }
    let of_pipe =
        of_pipes::variables(&tree, map).into_iter().filter(|variable| !taken.iter().any(|name| name == variable.name));
    choices.extend(of_pipe.map(|variable| {
        let insert = (!is_key).then(|| format!("{}: ", variable.name));
        Choice { label: variable.name.to_owned(), insert, kind: ChoiceKind::Key, doc: variable.doc.into() }
    }));
    // An item of a list of names or values is not a key.
    if let Some(parent) = tree.node(map).parent {
        choices.extend(words(&shapes));
        if let Some(key) = key_above(&tree, parent) {
            choices.extend(names(&tree, &key));
        }
    }
    unique(choices)
}

/// Values of a key, which together with the value takes up `place`.
fn behind_key(source: &Source<'_>, place: Span, key: &str) -> Vec<Choice> {
    let text = source.text();
    let marked = format!("{}{CURSOR}:{}", &text[..place.start], &text[place.end..]);
    let (tree, _) = parse(&marked, Limits::default());
    let Some((map, _)) = find_cursor(&tree) else { return Vec::new() };
    let Some((_, known)) = place::key(&tree, map, key) else { return Vec::new() };
    let mut choices = words(&place::forms(known.shape));
    choices.extend(names(&tree, key));
    unique(choices)
}

fn unique(choices: Vec<Choice>) -> Vec<Choice> {
    let mut kept: Vec<Choice> = Vec::new();
    for choice in choices {
        if !kept.iter().any(|known| known.label == choice.label) {
            kept.push(choice);
        }
    }
    kept
}

/// The mapping with the placeholder key, and that key.
fn find_cursor(tree: &Tree) -> Option<(NodeId, NodeId)> {
    tree.ids().find_map(|id| match &tree.node(id).kind {
        Kind::Mapping(entries) => {
            let entry = entries.iter().find(|entry| tree.text(entry.key) == Some(CURSOR))?;
            Some((id, entry.key))
        }
        _ => None,
    })
}

/// The key whose value a node is.
fn key_above(tree: &Tree, value: NodeId) -> Option<String> {
    let Kind::Mapping(entries) = &tree.node(tree.node(value).parent?).kind else { return None };
    let entry = entries.iter().find(|entry| entry.value == value)?;
    tree.text(entry.key).map(str::to_owned)
}

/// The values that the shapes allow.
fn words(shapes: &[&'static Shape]) -> Vec<Choice> {
    let of = |shape: &&'static Shape| match shape {
        Shape::String(text) => text.enum_values.to_vec(),
        Shape::Boolean => vec!["true", "false"],
        _ => Vec::new(),
    };
    shapes.iter().flat_map(of).map(|word| Choice::new(word, ChoiceKind::Value, "")).collect()
}

/// The names, defined in the file or by Bitbucket, that a key can refer to.
fn names(tree: &Tree, key: &str) -> Vec<Choice> {
    let file = pipeline::read(tree);
    match key {
        "services" => {
            let own = file.definitions.services.iter().map(|service| service.name.value);
            own.chain([BUILT_IN_SERVICE]).map(|name| Choice::new(name, ChoiceKind::Name, "service")).collect()
        }
        "caches" => {
            let own = file.definitions.caches.iter().map(|cache| cache.name.value);
            own.chain(PREDEFINED_CACHES).map(|name| Choice::new(name, ChoiceKind::Name, "cache")).collect()
        }
        "deployment" | "environment" => {
            let used =
                file.steps.iter().filter_map(|step| step.deployment).map(|deployment| deployment.environment.value);
            used.chain(["test", "staging", "production"])
                .filter(|name| !name.contains(CURSOR))
                .map(|name| Choice::new(name, ChoiceKind::Name, "deployment environment"))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::at;

    /// The labels offered at `|`.
    fn labels(text: &str) -> Vec<String> {
        let offset = text.find('|').unwrap();
        at(&text.replace('|', ""), offset)
            .map(|completion| completion.options.into_iter().map(|choice| choice.label).collect())
            .unwrap_or_default()
    }

    fn assert_offers(text: &str, expected: &[&str], not: &[&str]) {
        let found = labels(text);
        for label in expected {
            assert!(found.iter().any(|known| known == label), "{label} is not among {found:?}");
        }
        for label in not {
            assert!(!found.iter().any(|known| known == label), "{label} is among {found:?}");
        }
    }

    #[test]
    fn keys_fit_the_place_and_are_offered_once() {
        assert_offers("|", &["pipelines", "definitions"], &["script"]);
        assert_offers("pipelines:\n  |", &["default", "branches"], &["script"]);
        assert_offers("pipelines:\n  default:\n    - |", &["step", "parallel", "stage"], &["variables", "script"]);
        assert_offers(
            "pipelines:\n  default:\n    - step:\n        name: x\n        o|\n        script: [make]\n",
            &["oidc", "deployment"],
            &["name", "script"],
        );
        assert_offers("definitions:\n  steps:\n    - step: &s\n        |\n", &["script", "oidc"], &[]);
    }

    #[test]
    fn a_key_that_is_there_already_keeps_its_colon() {
        let text = "pipelines:\n  default:\n    - step:\n        scri: [make]\n";
        let completion = at(text, text.find("scri").unwrap() + 4).unwrap();
        assert_eq!(completion.length, 4);
        let script = completion.options.iter().find(|choice| choice.label == "script").unwrap();
        assert_eq!(script.insert, None);
    }

    #[test]
    fn values_fit_their_key() {
        let step = "pipelines:\n  default:\n    - step:\n        script: [make]\n        ";
        assert_offers(&format!("{step}oidc: |"), &["true", "false"], &[]);
        assert_offers(&format!("{step}size: 2|"), &["1x", "2x", "4x"], &[]);
        assert_offers(&format!("{step}trigger: |"), &["manual", "automatic"], &[]);
        assert_offers(
            &format!("definitions:\n  services: {{db: {{image: x}}}}\n{step}services:\n          - |"),
            &["db", "docker"],
            &[],
        );
        assert_offers(&format!("{step}caches:\n          - n|\n"), &["node"], &["script"]);
        assert_offers(&format!("{step}deployment: |"), &["staging"], &[]);
    }

    #[test]
    fn variables_of_pipes_are_offered() {
        let step = "pipelines:\n  default:\n    - step:\n        script:\n          - pipe: NAME\n            variables:\n              AWS_REGION: eu-west-1\n              |";
        assert_offers(
            &step.replace("NAME", "docker://keyless/pipe:0.1.0"),
            &["AWS_ROLE_ARN", "STACKS"],
            &["AWS_REGION", "script"],
        );
        assert_offers(
            &step.replace("NAME", "atlassian/aws-s3-deploy:2.0.1"),
            &["S3_BUCKET", "LOCAL_PATH"],
            &["STACKS"],
        );
    }

    #[test]
    fn aliases_are_the_files_anchors() {
        assert_offers(
            "definitions:\n  steps:\n    - step: &build\n        script: [make]\npipelines:\n  default:\n    - step: *|",
            &["build"],
            &[],
        );
    }

    #[test]
    fn inside_brackets_the_same_is_offered() {
        let step = "pipelines:\n  default:\n    - step: ";
        assert_offers(&format!("{step}{{name: x, o|, script: [make]}}"), &["oidc"], &["name", "script"]);
        assert_offers(&format!("{step}{{oidc: |, script: [make]}}"), &["true", "false"], &[]);
        assert_offers(&format!("{step}{{script: [make], caches: [n|]}}"), &["node"], &["script"]);
        assert_offers(&format!("{step}{{script: [make], caches: [node, |]}}"), &["docker"], &["script"]);
        // a brace in a command is none of YAML's
        assert!(labels(&format!("{step}\n        script:\n          - echo {{a, o|")).is_empty());
    }

    #[test]
    fn pipes_are_offered_with_a_version() {
        let script = "pipelines:\n  default:\n    - step:\n        script:\n          - pipe: ";
        let found = labels(&format!("{script}atlassian/aws|"));
        let deploy = found.iter().find(|label| label.starts_with("atlassian/aws-s3-deploy:"));
        assert!(
            deploy.is_some_and(|label| label.rsplit(':').next().unwrap().starts_with(char::is_numeric)),
            "{found:?}"
        );
        let text = format!("{script}atlassian/aws-s3-deploy:1.0.0 # copies\n");
        let found = at(&text, text.find("deploy").unwrap()).unwrap();
        assert_eq!(&text[found.offset..found.offset + found.length], "atlassian/aws-s3-deploy:1.0.0");
    }

    #[test]
    fn variables_are_offered_behind_a_dollar() {
        let script =
            "pipelines:\n  default:\n    - step:\n        script:\n          - export BUCKET=x\n          - echo ";
        assert_offers(&format!("{script}$|"), &["BUCKET", "BITBUCKET_COMMIT"], &["script"]);
        assert_offers(&format!("{script}\"${{BITB|}}\""), &["BITBUCKET_COMMIT"], &[]);
        assert_offers(&format!("{script}$OTHER $|"), &["OTHER"], &["OTHE"]);
        assert!(labels(&format!("{script}$(|")).is_empty());
        assert!(labels(&format!("{script}$$|")).is_empty());
    }

    #[test]
    fn merge_keys_take_anchors_from_above() {
        let text = "a: &base {oidc: true}\npipelines:\n  default:\n    - step:\n        <<: |\n        script: &later [make]\n";
        assert_offers(text, &["*base"], &["*later", "base"]);
    }

    #[test]
    fn inside_commands_nothing_is_offered() {
        assert!(labels("pipelines:\n  default:\n    - step:\n        script:\n          - echo a|").is_empty());
        assert!(labels("image: node:|").is_empty());
    }
}
