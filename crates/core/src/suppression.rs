//! Comments that turn findings off: `# keyless: allow[rule-id, group] reason`.
//!
//! At the end of a line, a suppression covers the line. On its own line, it covers the item or the key that begins on
//! the next line, with everything below it; in a script, the next line. Above everything else in the file, it covers the
//! file.

use crate::{
    text::{Source, Span, Spanned},
    yaml::{Kind, NodeId, Tree},
};

/// What every suppression begins with, after its `#`.
const MARKER: &str = "keyless:";

/// One suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression<'s> {
    /// From its `#` to the end of the line.
    pub comment: Span,
    /// Ids of rules and names of groups.
    pub names: Vec<Spanned<&'s str>>,
    /// Why; may be empty.
    pub reason: &'s str,
    /// Whether nothing else is on its line.
    pub has_own_line: bool,
    /// Where it turns findings off.
    pub covered: Span,
}

impl Suppression<'_> {
    /// The index of the name that turns off a finding of a rule at a place.
    pub fn names_finding(&self, rule: &str, group: &str, place: Span) -> Option<usize> {
        let is_covered = self.covered.start <= place.start && place.start <= self.covered.end;
        self.names.iter().position(|name| name.value == rule || name.value == group).filter(|_| is_covered)
    }
}

/// The suppressions of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions<'s> {
    /// Those that can be read, in order.
    pub valid: Vec<Suppression<'s>>,
    /// Comments that begin like one and are none, from their `#`.
    pub malformed: Vec<Span>,
}

/// Reads the suppressions of a file.
pub fn read<'s>(source: &Source<'s>, tree: &Tree) -> Suppressions<'s> {
    let text = source.text();
    let mut found = Suppressions::default();
    // Most files have none.
    for (at, _) in text.match_indices(MARKER) {
        let Some(line) = source.line(source.position(at).line) else { continue };
        let before = text[line.start..at].trim_end();
        if !before.ends_with('#') {
            continue;
        }
        let start = line.start + before.len() - 1;
        let Some(place) = place(source, tree, line, start) else { continue };
        let comment = Span::new(start, line.start + source.slice(line).trim_end().len());
        match parse(source, Span::new(at + MARKER.len(), comment.end)) {
            Some((names, reason)) => {
                let covered = covered(source, tree, line, place);
                let has_own_line = place != Place::Behind;
                found.valid.push(Suppression { comment, names, reason, has_own_line, covered });
            }
            None => found.malformed.push(comment),
        }
    }
    found
}

/// Where a comment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Behind something else on its line.
    Behind,
    /// On its own line, between keys and items.
    Between,
    /// On its own line, in a script.
    InScript,
}

/// The place of a comment that starts at an offset; `None` if it is part of a text.
fn place(source: &Source<'_>, tree: &Tree, line: Span, start: usize) -> Option<Place> {
    let has_own_line = source.slice(line).trim_start().starts_with('#');
    let comments = tree.comments();
    let index = comments.partition_point(|comment| comment.span.start <= start);
    if index.checked_sub(1).is_some_and(|index| start < comments[index].span.end) {
        return Some(if has_own_line { Place::Between } else { Place::Behind });
    }
    // A comment of the shell is part of a text of several lines.
    let around = tree.nodes_around(Span::at(start)).next()?;
    let is_text = matches!(tree.node(around).kind, Kind::Scalar(_));
    let span = tree.span(around);
    let is_long = source.position(span.start).line != source.position(span.end).line;
    let is_separate = source.slice(Span::new(line.start, start)).ends_with([' ', '\t']) || start == line.start;
    match has_own_line {
        _ if !(is_text && is_long && is_separate) => None,
        true => Some(Place::InScript),
        false => Some(Place::Behind),
    }
}

/// The names and the reason in the rest of a comment: `allow[a, b] reason`.
fn parse<'s>(source: &Source<'s>, rest: Span) -> Option<(Vec<Spanned<&'s str>>, &'s str)> {
    let text = source.slice(rest);
    let inner = text.trim_start().strip_prefix("allow")?.trim_start().strip_prefix('[')?;
    let (names, reason) = inner.split_once(']')?;
    let mut start = rest.end - inner.len();
    let mut found = Vec::new();
    for part in names.split(',') {
        let name = part.trim();
        let at = start + (part.len() - part.trim_start().len());
        if !name.is_empty() {
            found.push(Spanned::new(name, Span::new(at, at + name.len())));
        }
        start += part.len() + 1;
    }
    (!found.is_empty()).then_some((found, reason.trim_start_matches([' ', '\t', ':', '-']).trim()))
}

/// Where a suppression turns findings off.
fn covered(source: &Source<'_>, tree: &Tree, line: Span, place: Place) -> Span {
    let next = || {
        let number = source.position(line.start).line + 1;
        let lines = (number..=source.line_count()).filter_map(|number| source.line(number));
        lines.into_iter().find(|line| {
            let text = source.slice(*line).trim_start();
            !text.is_empty() && !text.starts_with('#')
        })
    };
    match place {
        Place::Behind => line,
        Place::InScript => next().unwrap_or(line),
        Place::Between if tree.root().is_none_or(|root| line.start < tree.span(root).start) => {
            Span::new(0, source.text().len())
        }
        Place::Between => next().map_or(line, |next| {
            let indent = source.slice(next).len() - source.slice(next).trim_start().len();
            begun(source, tree, next.start + indent).unwrap_or(next)
        }),
    }
}

/// The item whose dash is at an offset, or the key there with its value.
fn begun(source: &Source<'_>, tree: &Tree, offset: usize) -> Option<Span> {
    if source.text()[offset..].starts_with('-') {
        let item = tree.from_offset(offset + 1).next()?;
        let parent = tree.node(item).parent?;
        let is_item = matches!(tree.node(parent).kind, Kind::Sequence(_)) && tree.span(parent).start <= offset;
        return is_item.then(|| Span::new(offset, tree.span(item).end));
    }
    let here = tree.from_offset(offset).take_while(|id| tree.span(*id).start == offset);
    let value = here.into_iter().find_map(|id| value_of_key(tree, id))?;
    Some(Span::new(offset, tree.span(value).end.max(offset)))
}

/// The value of a node that is a key.
fn value_of_key(tree: &Tree, id: NodeId) -> Option<NodeId> {
    let Kind::Mapping(entries) = &tree.node(tree.node(id).parent?).kind else { return None };
    let index = entries.partition_point(|entry| entry.key < id);
    entries.get(index).filter(|entry| entry.key == id).map(|entry| entry.value)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::{
        text::Source,
        yaml::{Limits, parse},
    };

    /// The lines that the suppressions of a text cover: first and last, from 1.
    fn covered(text: &str) -> Vec<(usize, usize)> {
        let source = Source::new("", text);
        let (tree, _) = parse(text, Limits::default());
        let line = |offset| source.position(offset).line;
        let found = read(&source, &tree);
        found.valid.iter().map(|one| (line(one.covered.start), line(one.covered.end))).collect()
    }

    #[test]
    fn a_comment_covers_its_line_or_what_begins_below_it() {
        for (text, expected) in [
            ("a: 1 # keyless: allow[x] y\nb: 2\n", vec![(1, 1)]),
            ("a: 1\n# keyless: allow[x]\nb:\n  c: 2\n  d: 3\ne: 4\n", vec![(3, 5)]),
            ("a:\n  # keyless: allow[x]\n\n  # more\n  - b: 1\n    c: 2\n  - d\n", vec![(5, 6)]),
            ("a:\n  - b: 1\n    # keyless: allow[x]\n    c: 2\n    d: 2\n", vec![(4, 4)]),
            ("# a file\n# keyless: allow[x]\na: 1\nb: 1\n", vec![(1, 5)]),
            ("a:\n  # keyless: allow[x]\n  - *y\n", vec![(3, 3)]),
            ("a: {b: 1} # keyless: allow[x]\n", vec![(1, 1)]),
            ("a: 1\r\n# keyless: allow[x]\r\nb: [1,\r\n  2]\r\n", vec![(3, 4)]),
            ("a: 1\n# keyless: allow[x]\n", vec![(2, 2)]),
        ] {
            assert_eq!(covered(text), expected, "{text:?}");
        }
    }

    #[test]
    fn comments_of_the_shell_cover_a_line() {
        for (text, expected) in [
            ("s:\n  - |\n    # keyless: allow[x]\n    npm i\n    npm t\n", vec![(4, 4)]),
            ("s:\n  - |\n    npm i # keyless: allow[x]\n    npm t\n", vec![(3, 3)]),
            ("s: |\n  echo '# keyless: allow[x]'\n", vec![]),
            ("s: 'echo # keyless: allow[x]'\n", vec![]),
        ] {
            assert_eq!(covered(text), expected, "{text:?}");
        }
    }

    #[test]
    fn names_and_reasons_are_read() {
        let text = "a: 1 # keyless: allow[one, two]: because it is\nb: 1 # keyless:allow[ three ]\nc: 1 # keyless: allow one\n";
        let source = Source::new("", text);
        let (tree, _) = parse(text, Limits::default());
        let found = read(&source, &tree);
        let names: Vec<Vec<_>> =
            found.valid.iter().map(|one| one.names.iter().map(|name| name.value).collect()).collect();
        assert_eq!(names, [vec!["one", "two"], vec!["three"]]);
        assert!(found.valid.iter().flat_map(|one| &one.names).all(|name| source.slice(name.span) == name.value));
        assert_eq!(found.valid[0].reason, "because it is");
        assert_eq!(found.malformed.len(), 1);
    }
}
