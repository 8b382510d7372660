//! Documentation of the key, variable or name at the pointer.

mod words;

use crate::{
    analysis::{Analysis, expressions::expressions},
    expression::{self, Expression, OPERATORS, function_documentation, name_documentation},
    facts::{self, Availability},
    text::{Source, Span},
    yaml::{Kind, OffsetMap, Tree},
};
use serde::Serialize;

use super::{pipes, place};

/// Documentation of a key or a variable.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields))]
pub struct Hover {
    /// Where it is, in bytes.
    pub offset: usize,
    /// How many bytes it has.
    pub length: usize,
    /// The key or the variable.
    pub name: String,
    /// The object that has the key, as the language table names it: `a step`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<&'static str>,
    /// Lines of text with `code` in backticks.
    pub lines: Vec<String>,
    /// What an alias stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yaml: Option<String>,
}

/// The documentation of the key or variable at a byte offset.
pub fn at(file: &Analysis<'_>, offset: usize) -> Option<Hover> {
    let offset =
        (0..=offset.min(file.source.text().len())).rev().find(|at| file.source.text().is_char_boundary(*at))?;
    let mut found = key(file.tree, offset)
        .or_else(|| pipe_variable(file.tree, offset))
        .or_else(|| words::pipe(file, offset))
        .or_else(|| words::suppressed_rule(file, offset))
        .or_else(|| words::name(file, offset))
        .or_else(|| in_expression(file, offset))
        .or_else(|| variable(file.source, offset))
        .or_else(|| words::role(file, offset))?;
    if found.name == "oidc" && found.of.is_some() {
        let place = Span::new(found.offset, found.offset + found.length);
        let around = file.model.steps.iter().filter(|step| file.tree.span(step.node).contains(place));
        let step = around.min_by_key(|step| file.tree.span(step.node).len());
        found.lines.extend(step.map(|step| words::token(file, step)).unwrap_or_default());
    }
    Some(found)
}

/// The documentation of a function, an operator or a variable in an expression.
fn in_expression(file: &Analysis<'_>, offset: usize) -> Option<Hover> {
    let (source, tree) = (file.source, file.tree);
    let written = expressions(tree, &file.model);
    let written = written.into_iter().find(|written| touches(tree.span(written.text.node), offset))?;
    let map = OffsetMap::new(source.text(), tree, written.text.node)?;
    let expression = Expression::parse(written.text.value);
    let inside = map.value_offset(offset);
    let (span, mut lines) = match &expression.node_at(inside)?.kind {
        expression::Kind::Call { function, function_span, .. } => {
            let (signature, documentation) = function_documentation(function)?;
            (*function_span, vec![format!("`{signature}`"), documentation.to_owned()])
        }
        expression::Kind::Comparison { operator: Some(operator), operator_span, .. } => {
            let (_, documentation) = OPERATORS.iter().find(|(symbol, _)| *symbol == operator.symbol())?;
            (*operator_span, vec![(*documentation).to_owned()])
        }
        expression::Kind::Name(name) => (expression.node_at(inside)?.span, vec![name_documentation(name)?.to_owned()]),
        _ => return None,
    };
    if !(span.start..=span.end).contains(&inside) {
        return None;
    }
    let place = map.span(span);
    let name = source.slice(place).to_owned();
    lines.extend(facts::availability(&name).map(|availability| format!("set by Bitbucket {}", when(availability))));
    Some(Hover { offset: place.start, length: place.len(), name, of: None, lines, yaml: None })
}

fn key(tree: &Tree, offset: usize) -> Option<Hover> {
    let (map, key) = tree.ids().find_map(|id| match &tree.node(id).kind {
        Kind::Mapping(entries) => {
            let entry = entries.iter().find(|entry| touches(tree.span(entry.key), offset))?;
            Some((id, entry.key))
        }
        _ => None,
    })?;
    let (object, entry) = place::key(tree, map, tree.text(key)?)?;
    let mut lines = vec![entry.doc.to_owned(), format!("value: {}", entry.shape.allowed())];
    if entry.required {
        lines.push("required".to_owned());
    }
    lines.extend(entry.doubt.map(|doubt| format!("unconfirmed: {doubt}")));
    let Span { start, .. } = tree.span(key);
    Some(Hover {
        offset: start,
        length: tree.span(key).len(),
        name: entry.name.to_owned(),
        of: Some(object.name),
        lines,
        yaml: None,
    })
}

/// A variable under the `variables` of a pipe.
fn pipe_variable(tree: &Tree, offset: usize) -> Option<Hover> {
    let (map, key) = tree.ids().find_map(|id| match &tree.node(id).kind {
        Kind::Mapping(entries) => {
            let entry = entries.iter().find(|entry| touches(tree.span(entry.key), offset))?;
            Some((id, entry.key))
        }
        _ => None,
    })?;
    let variable = pipes::variables(tree, map).into_iter().find(|variable| Some(variable.name) == tree.text(key))?;
    let mut lines: Vec<String> = Some(variable.doc.to_owned()).into_iter().filter(|doc| !doc.is_empty()).collect();
    if !variable.values.is_empty() {
        lines.push(format!("value: {}", variable.values.join(", ")));
    }
    lines.extend(variable.default.map(|default| format!("default: {default}")));
    if variable.required {
        lines.push("required".to_owned());
    }
    let Span { start, .. } = tree.span(key);
    let (length, name) = (tree.span(key).len(), variable.name.to_owned());
    Some(Hover { offset: start, length, name, of: Some("a pipe"), lines, yaml: None })
}

fn variable(source: &Source<'_>, offset: usize) -> Option<Hover> {
    let text = source.text();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    let start = bytes.get(..offset)?.iter().rposition(|byte| !is_name(*byte)).map_or(0, |at| at + 1);
    let end = bytes[start..].iter().position(|byte| !is_name(*byte)).map_or(bytes.len(), |length| start + length);
    let name = source.slice(Span::new(start, end));
    let availability = facts::availability(name)?;
    let line = format!("set by Bitbucket {}", when(availability));
    Some(Hover { offset: start, length: name.len(), name: name.to_owned(), of: None, lines: vec![line], yaml: None })
}

/// When Bitbucket sets a variable.
pub(in crate::ide) const fn when(availability: Availability) -> &'static str {
    match availability {
        Availability::Always => "in every step",
        Availability::Branch => "in pipelines for branches and pull requests",
        Availability::Tag => "in pipelines for tags",
        Availability::PullRequest => "in pipelines for pull requests",
        Availability::Parallel => "in steps in a parallel group",
        Availability::AfterScript => "in `after-script`",
        Availability::Deployment => "in steps with a `deployment`",
        Availability::Oidc => "in steps with `oidc: true`",
        Availability::Pipe => "in the containers of pipes",
        Availability::Trigger => "in pipelines that `triggers` start",
        Availability::Undocumented => "in some builds (undocumented)",
    }
}

fn touches(span: Span, offset: usize) -> bool {
    span.start <= offset && offset <= span.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{analysis::ParsedFile, settings::Settings};

    fn hover(text: &str, offset: usize) -> Option<Hover> {
        let (source, settings) = (Source::new("", text), Settings::default());
        at(&Analysis::new(&ParsedFile::new(&source), &settings), offset)
    }

    /// The key at `word`, and the object that it belongs to.
    fn known(text: &str, word: &str) -> Option<(String, Option<&'static str>)> {
        hover(text, text.find(word).unwrap()).map(|hover| (hover.name, hover.of))
    }

    const FILE: &str = "
definitions:
  steps:
    - step: &build
        script: [echo $BITBUCKET_STEP_OIDC_TOKEN]
  shared: &deploy
    oidc: true
    size: 2x
pipelines:
  branches:
    main:
      - step: *build
      - parallel:
          steps:
            - step: {<<: *deploy, max-time: 5}
";

    #[test]
    fn keys_are_explained_by_their_place_in_the_file() {
        for (word, object) in
            [("definitions", "the file"), ("script", "a step"), ("parallel", "a pipeline item"), ("max-time", "a step")]
        {
            assert_eq!(known(FILE, word), Some((word.to_owned(), Some(object))));
        }
    }

    #[test]
    fn keys_of_an_anchored_node_are_explained_by_its_use() {
        assert_eq!(known(FILE, "size"), Some(("size".to_owned(), Some("a step"))));
    }

    #[test]
    fn bitbucket_variables_are_explained() {
        let hover = hover(FILE, FILE.find("STEP_OIDC").unwrap()).unwrap();
        assert_eq!((hover.name.as_str(), hover.of), ("BITBUCKET_STEP_OIDC_TOKEN", None));
        assert_eq!(hover.lines, ["set by Bitbucket in steps with `oidc: true`"]);
    }

    #[test]
    fn parts_of_expressions_are_explained() {
        const FILE: &str = "
pipelines:
  default:
    - step:
        condition:
          state: |-
            glob(BITBUCKET_TAG, \"v*\")
            && OTHER != \"x\"
        script: [make]
";
        for (word, name, line) in [
            ("glob", "glob", "`glob(value, \"pattern\")`"),
            ("TAG,", "BITBUCKET_TAG", "The tag that the pipeline runs on; set in pipelines of tags."),
            ("!=", "!=", "Not equal."),
        ] {
            let hover = hover(FILE, FILE.find(word).unwrap()).unwrap();
            assert_eq!((hover.name.as_str(), hover.lines[0].as_str()), (name, line));
            assert_eq!(&FILE[hover.offset..hover.offset + hover.length], name);
        }
        assert!(hover(FILE, FILE.find("OTHER").unwrap()).is_none());
        assert!(hover(FILE, FILE.find("v*").unwrap()).is_none());
    }

    #[test]
    fn variables_of_pipes_are_explained() {
        let file =
            "pipelines: {default: [{step: {script: [{pipe: 'docker://keyless/pipe:1', variables: {COMMAND: x}}]}}]}";
        let hover = hover(file, file.find("COMMAND").unwrap()).unwrap();
        assert_eq!((hover.name.as_str(), hover.of), ("COMMAND", Some("a pipe")));
        assert!(hover.lines.contains(&"default: deploy".to_owned()), "{:?}", hover.lines);
        let file =
            file.replace("docker://keyless/pipe:1", "atlassian/aws-s3-deploy:2.0.1").replace("COMMAND", "S3_BUCKET");
        assert_eq!(known(&file, "S3_BUCKET"), Some(("S3_BUCKET".to_owned(), Some("a pipe"))));
    }

    #[test]
    fn values_and_offsets_past_the_end_have_no_documentation() {
        assert_eq!(known(FILE, "2x"), None);
        assert!(hover("a: b", 99).is_none());
    }

    /// What is shown at the middle of a word.
    fn lines(text: &str, word: &str) -> String {
        let middle = text.find(word).unwrap() + word.len() / 2;
        hover(text, middle).map(|hover| format!("{}: {}", hover.name, hover.lines.join(" | "))).unwrap_or_default()
    }

    const NAMES: &str = "\
definitions:
  services:
    db: {image: postgres:17}
pipelines:
  branches:
    main:
      - step: &deploy
          oidc: true
          deployment: production
          services: [db, docker]
          caches: [node]
          script:
            - pipe: atlassian/aws-s3-deploy:1.1.0
              variables: {AWS_OIDC_ROLE_ARN: 'arn:aws:iam::123456789012:role/team/Deploy', S3_BUCKET: b}
            - curl https://example.com/x | sh # keyless: allow[piped-download, scripts] ours
  custom:
    again:
      - step: *deploy
";

    #[test]
    fn values_are_explained_too() {
        for (word, expected) in [
            ("aws-s3-deploy", "newest version known to keyless: "),
            ("aws-s3-deploy", "`S3_BUCKET`"),
            ("role/team/Deploy", "role `Deploy` of account 123456789012"),
            ("role/team/Deploy", "`{repository UUID}:{environment UUID}:{step UUID}`"),
            ("oidc", "`sub` of its token"),
            ("piped-download", "piped-download: "),
            ("scripts]", "a group of rules: "),
            ("[db", "image: `postgres:17`"),
            ("docker]", "Bitbucket's own service"),
            ("node]", "a cache that Bitbucket defines"),
            ("production", "1 step runs in it"),
            ("*deploy", "defined in line 7, used 1 time"),
        ] {
            assert!(lines(NAMES, word).contains(expected), "{word}: {}", lines(NAMES, word));
        }
        let alias = hover(NAMES, NAMES.find("*deploy").unwrap() + 2).and_then(|hover| hover.yaml).unwrap_or_default();
        assert!(alias.starts_with("oidc: true\ndeployment: production\n"), "{alias}");
        assert_eq!(lines("pipelines: {custom: {x: []}}\n", "[]"), "");
    }
}
