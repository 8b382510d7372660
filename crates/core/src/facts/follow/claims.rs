//! Filters that let only a part of a token through, which is not a credential.
//!
//! A token is a header, a payload and a signature with dots between them. Without its signature nobody accepts it.

use std::borrow::Cow;

use crate::script::{Invocation, Word};

/// How much of a token's start may be shown, in characters: the signature comes last.
const START: usize = 500;

/// Whether a filter prints nothing of its input: `grep -q`.
pub(super) fn prints_nothing(filter: &Invocation<'_>) -> bool {
    filter.program == "grep"
        && (filter.has_flag(&["--quiet", "--silent", "--count"])
            || short_flags(filter).any(|flags| flags.contains(['q', 'c'])))
}

/// Whether a filter lets only a part of a token through; `before` is the program whose output it reads.
pub(super) fn only_a_part(filter: &Invocation<'_>, before: Option<&Invocation<'_>>) -> bool {
    match filter.program.as_ref() {
        "cut" => cut(filter),
        "head" => {
            short_value(filter, 'c')
                .or_else(|| filter.option("--bytes").and_then(|word| word.to_literal()))
                .is_some_and(|length| is_start(&length))
                || before.is_some_and(splits_at_dots) && !takes_last_line(filter, "2")
        }
        "sed" => {
            let code = texts(filter).last().unwrap_or_default();
            let lines = before.is_some_and(splits_at_dots) && short_flags(filter).any(|flags| flags.contains('n'));
            lines && !code.contains(['3', '$']) || keeps_group(&code)
        }
        "jq" => {
            let code = texts(filter).find(|text| text.contains("split(")).unwrap_or_default();
            let signature = ["[2]", "[-1]", "[2:", "[1:]", "last", ".[]"].iter().any(|part| code.contains(part));
            let part = ["[0]", "[1]", "[:2]", "[0:2]", "first"].iter().any(|part| code.contains(part));
            part && !signature
        }
        "grep" => {
            let shown = filter.has_flag(&["--only-matching"]) || short_flags(filter).any(|flags| flags.contains('o'));
            shown && texts(filter).any(|text| text.contains("[^.]"))
        }
        _ => false,
    }
}

/// `cut -d. -f2` without the third field, `cut -c1-20`.
fn cut(filter: &Invocation<'_>) -> bool {
    let value = |short, long| short_value(filter, short).or_else(|| filter.option(long)?.to_literal());
    let at_dots = value('d', "--delimiter").is_some_and(|delimiter| delimiter == ".");
    if let Some(fields) = value('f', "--fields").filter(|_| at_dots) {
        return fields.split(',').all(|field| matches!(field, "1" | "2" | "1-2" | "-1" | "-2"));
    }
    let characters = value('c', "--characters").or_else(|| value('b', "--bytes"));
    characters.is_some_and(|range| is_start(range.rsplit('-').next().unwrap_or_default()))
}

fn is_start(length: &str) -> bool {
    length.parse().is_ok_and(|length: usize| length <= START)
}

/// `tr . '\n'`, which puts each part of a token on its own line.
fn splits_at_dots(filter: &Invocation<'_>) -> bool {
    filter.program == "tr" && texts(filter).collect::<Vec<_>>() == [".", "\\n"]
}

/// Whether `head` goes past a line.
fn takes_last_line(filter: &Invocation<'_>, line: &str) -> bool {
    let lines = short_value(filter, 'n')
        .or_else(|| texts_with_flags(filter).find_map(|text| text.strip_prefix('-').map(str::to_owned)));
    lines.is_none_or(|lines| lines.as_str() > line || lines.len() > 1)
}

/// `s/…\.\(…\)…/\1/` and `s/\.[^.]*$//`: a substitution that drops what is around a dot.
fn keeps_group(code: &str) -> bool {
    let Some(body) = code.strip_prefix('s') else { return false };
    let Some(delimiter) = body.chars().next() else { return false };
    let parts: Vec<_> = body.split(delimiter).collect();
    let [_, pattern, replacement, ..] = parts.as_slice() else { return false };
    let at_dot = pattern.contains("\\.") || pattern.contains("[.]") || pattern.contains("[^.]");
    at_dot && pattern.contains('*') && matches!(*replacement, "" | "\\1" | "\\2")
}

/// The literal arguments that are not flags.
fn texts<'i>(filter: &'i Invocation<'_>) -> impl Iterator<Item = Cow<'i, str>> {
    texts_with_flags(filter).filter(|text| !text.starts_with('-'))
}

fn texts_with_flags<'i>(filter: &'i Invocation<'_>) -> impl Iterator<Item = Cow<'i, str>> {
    filter.arguments.iter().filter_map(Word::literal)
}

/// The clusters of one-letter flags: `nr` of `-nr`.
fn short_flags(filter: &Invocation<'_>) -> impl Iterator<Item = String> {
    texts_with_flags(filter)
        .filter_map(|text| text.strip_prefix('-').filter(|flags| !flags.starts_with('-')).map(str::to_owned))
}

/// The value of a one-letter option, from `-f2` or `-f 2`.
fn short_value(filter: &Invocation<'_>, letter: char) -> Option<String> {
    let mut words = texts_with_flags(filter);
    while let Some(word) = words.next() {
        if let Some(value) = word.strip_prefix('-').and_then(|flags| flags.strip_prefix(letter)) {
            return if value.is_empty() { words.next().map(Cow::into_owned) } else { Some(value.to_owned()) };
        }
    }
    None
}
