//! Variables that a script can read.

use crate::{
    facts::DEFAULTS,
    ide::hover::when,
    text::{Source, Span},
};

use super::{Choice, ChoiceKind, unique};

fn is_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The name behind a `$` or `${` that is being typed at an offset.
pub(super) fn word(source: &Source<'_>, line: Span, offset: usize) -> Option<Span> {
    let before = source.slice(Span::new(line.start, offset));
    let lead = before.trim_end_matches(is_part);
    let lead = lead.strip_suffix('{').unwrap_or(lead).strip_suffix('$')?;
    // `$$` is the number of the process, `\$` a dollar
    if lead.ends_with(['$', '\\']) {
        return None;
    }
    let start = line.start + before.trim_end_matches(is_part).len();
    let after = source.slice(Span::new(offset, line.end));
    Some(Span::new(start, offset + after.find(|letter| !is_part(letter)).unwrap_or(after.len())))
}

/// The variables that the text reads or sets elsewhere, and Bitbucket's own.
pub(super) fn all(source: &Source<'_>, word: Span) -> Vec<Choice> {
    let mut choices: Vec<_> = mentioned(source.text(), word)
        .map(|name| Choice::new(name, ChoiceKind::Variable, "a variable that this file uses"))
        .collect();
    choices.sort_by(|a, b| a.label.cmp(&b.label));
    let own = choices.iter().map(|choice| choice.label.clone()).collect::<Vec<_>>();
    let defaults = DEFAULTS.iter().filter(|(name, _)| !own.iter().any(|known| known == name));
    let of_bitbucket = |name: &str, availability| {
        Choice::new(name, ChoiceKind::Variable, format!("set by Bitbucket {}", when(availability)))
    };
    choices.extend(defaults.map(|(name, availability)| of_bitbucket(name, *availability)));
    unique(choices)
}

/// The names after `$`, `${` and `export ` in a text, without the one that is being typed.
fn mentioned(text: &str, word: Span) -> impl Iterator<Item = &str> {
    ["${", "$", "export "].into_iter().flat_map(move |sign| {
        text.match_indices(sign).filter_map(move |(at, _)| {
            let start = at + sign.len();
            let rest = &text[start..];
            let name = &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())];
            let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            (is_name && start != word.start).then_some(name)
        })
    })
}
