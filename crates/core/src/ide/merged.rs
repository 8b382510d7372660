//! A part of the file as Bitbucket reads it: aliases replaced with what they stand for, `<<` with the keys that it adds.

use crate::{
    analysis::Analysis,
    pipeline::Step,
    text::Source,
    yaml::{Kind, NodeId, Scalar, Style, Tree},
};

/// How many lines are written at most: a few bytes of nested aliases can stand for gigabytes.
const LONGEST: usize = 2000;

/// A step without aliases and merge keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Its name, or the number of its line.
    pub name: String,
    /// It as YAML.
    pub text: String,
}

/// The step at a byte offset: the innermost around it, or the one that the alias there stands for.
pub fn step(file: &Analysis<'_>, offset: usize) -> Option<Merged> {
    let tree = file.tree;
    let contains = |id: NodeId| {
        let span = tree.span(id);
        span.start <= offset && offset <= span.end
    };
    let alias = tree.ids().find(|id| matches!(tree.node(*id).kind, Kind::Alias(_)) && contains(*id));
    let named = alias.map(|alias| tree.resolve(alias));
    let whole = |step: &Step<'_>| {
        let start = step.key.unwrap_or(step.node);
        tree.span(start).cover(tree.span(step.node))
    };
    let is_around = |step: &&Step<'_>| whole(step).start <= offset && offset <= whole(step).end;
    let steps = &file.model.steps;
    let around = || steps.iter().filter(is_around).min_by_key(|step| whole(step).len());
    let step = steps.iter().find(|step| Some(step.node) == named).or_else(around)?;
    let line = file.source.position(whole(step).start).line;
    let name = step.name.map_or_else(|| format!("line {line}"), |name| name.value.to_owned());
    Some(Merged { name, text: format!("step:\n{}", write(file.source, tree, step.node, 2, LONGEST)) })
}

/// A node as YAML, indented, at most some lines long. Comments and anchors are left out.
pub(super) fn write(source: &Source<'_>, tree: &Tree, id: NodeId, indent: usize, lines: usize) -> String {
    let mut writing = Writing { source, tree, text: String::new(), left: lines };
    match tree.kind(id) {
        Kind::Mapping(_) => writing.mapping(id, indent, false),
        Kind::Sequence(_) => writing.sequence(id, indent),
        Kind::Scalar(_) | Kind::Alias(_) => {
            writing.text.push_str(&" ".repeat(indent));
            writing.inline(id, indent);
        }
    }
    if writing.left == 0 {
        writing.text.push_str("# and so on\n");
    }
    writing.text
}

struct Writing<'w> {
    source: &'w Source<'w>,
    tree: &'w Tree,
    text: String,
    /// How many lines may follow.
    left: usize,
}

impl Writing<'_> {
    fn mapping(&mut self, id: NodeId, indent: usize, behind_dash: bool) {
        for (number, field) in self.tree.fields(id).into_iter().enumerate() {
            if self.left == 0 {
                return;
            }
            if number > 0 || !behind_dash {
                self.text.push_str(&" ".repeat(indent));
            }
            let key = self.scalar(field.key).unwrap_or_default();
            self.text.push_str(&key);
            self.text.push(':');
            self.value(field.value, indent);
        }
    }

    fn sequence(&mut self, id: NodeId, indent: usize) {
        for item in self.tree.items(id) {
            if self.left == 0 {
                return;
            }
            self.text.push_str(&" ".repeat(indent));
            self.text.push('-');
            match self.tree.kind(*item) {
                Kind::Mapping(entries) if !entries.is_empty() => {
                    self.text.push(' ');
                    self.mapping(*item, indent + 2, true);
                }
                _ => self.value(*item, indent),
            }
        }
    }

    /// What follows `key:` or `-`.
    fn value(&mut self, id: NodeId, indent: usize) {
        let is_empty = match self.tree.kind(id) {
            Kind::Mapping(entries) => entries.is_empty(),
            Kind::Sequence(items) => items.is_empty(),
            Kind::Scalar(_) | Kind::Alias(_) => true,
        };
        if is_empty {
            if !self.tree.span(id).is_empty() {
                self.text.push(' ');
            }
            return self.inline(id, indent);
        }
        self.end_line();
        match self.tree.kind(id) {
            Kind::Mapping(_) => self.mapping(id, indent + 2, false),
            _ => self.sequence(id, indent + 2),
        }
    }

    /// A value that starts on the line of its key.
    fn inline(&mut self, id: NodeId, indent: usize) {
        match self.tree.kind(id) {
            Kind::Mapping(_) => self.text.push_str("{}"),
            Kind::Sequence(_) => self.text.push_str("[]"),
            // an alias without an anchor, or of so many that they are not followed
            Kind::Alias(alias) => self.text.extend(["*", &alias.name]),
            Kind::Scalar(scalar) => match self.scalar(id) {
                Some(written) => self.text.push_str(&written),
                None => return self.block(scalar, indent + 2),
            },
        }
        self.end_line();
    }

    /// A scalar as written, with its tag; `None` if it takes several lines.
    fn scalar(&self, id: NodeId) -> Option<String> {
        let node = self.tree.node(self.tree.resolve(id));
        let span = node.tag.map_or(node.span, |tag| tag.cover(node.span));
        let written = self.source.slice(span).trim_end();
        let is_block =
            matches!(&node.kind, Kind::Scalar(scalar) if matches!(scalar.style, Style::Literal | Style::Folded));
        (!is_block && !written.contains(['\n', '\r'])).then(|| written.to_owned())
    }

    fn block(&mut self, scalar: &Scalar, indent: usize) {
        let text = &scalar.value;
        let is_kept = text.ends_with("\n\n") || text == "\n";
        // without the number, the first line decides how far the text is indented
        let number = if text.starts_with([' ', '\n']) { "2" } else { "" };
        let end = if is_kept {
            "+"
        } else if text.ends_with('\n') {
            ""
        } else {
            "-"
        };
        self.text.extend(["|", number, end]);
        self.end_line();
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if self.left == 0 {
                return;
            }
            if !line.is_empty() {
                self.text.push_str(&" ".repeat(indent));
                self.text.push_str(line);
            }
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        self.text.push('\n');
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{analysis::ParsedFile, settings::Settings};

    fn merged(text: &str, word: &str) -> Option<Merged> {
        let (source, settings) = (Source::new("bitbucket-pipelines.yml", text), Settings::default());
        let parsed = ParsedFile::new(&source);
        step(&Analysis::new(&parsed, &settings), text.find(word)? + 1)
    }

    const FILE: &str = "\
definitions:
  base: &base
    oidc: true
    size: '2x' # big
    caches: [node]
  setup: &setup |
    npm ci

    npm test
pipelines:
  default:
    - step: &deploy
        <<: *base
        size: 4x
        name: Deploy
        artifacts: {}
        script:
          - *setup
          - >-
            cdk
            deploy
          - pipe: a/b:1.0.0
            variables:
              NAME: !!str 5
              EMPTY:
  custom:
    again:
      - step: *deploy
      - step: {script: [make]}
";

    const STEP: &str = "\
step:
  size: 4x
  name: Deploy
  artifacts: {}
  script:
    - |
      npm ci

      npm test
    - |-
      cdk deploy
    - pipe: a/b:1.0.0
      variables:
        NAME: !!str 5
        EMPTY:
  oidc: true
  caches:
    - node
";

    #[test]
    fn a_step_is_shown_as_bitbucket_reads_it() {
        let expected = Some(Merged { name: "Deploy".to_owned(), text: STEP.to_owned() });
        assert_eq!(merged(FILE, "size: 4x"), expected);
        assert_eq!(merged(FILE, "*deploy"), expected);
        assert_eq!(merged(FILE, "[make]").map(|step| step.name).as_deref(), Some("line 29"));
        assert_eq!(merged(FILE, "custom"), None);
        // the lines of an anchor that is no step belong to none
        assert_eq!(merged(FILE, "oidc"), None);
    }

    #[test]
    fn what_is_shown_means_the_same() {
        let text = format!("pipelines:\n  default:\n    - {}", STEP.replace('\n', "\n      "));
        assert_eq!(merged(&text, "4x").map(|step| step.text).as_deref(), Some(STEP));
    }

    #[test]
    fn aliases_of_aliases_end_somewhere() {
        let mut text = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..5 {
            let below = level - 1;
            let uses = vec![format!("*a{below}"); 10].join(", ");
            text = format!("{text}b{level}: &a{level} [{uses}]\n");
        }
        text.push_str("pipelines:\n  default:\n    - step:\n        script: *a4\n");
        let lines = merged(&text, "script: *a4").map(|step| step.text.lines().count()).unwrap_or_default();
        assert!(lines <= LONGEST + 6, "{lines}");
    }
}
