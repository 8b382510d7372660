//! Where the cursor is on its line.

use crate::text::{Source, Span};

/// The reference behind `pipe:` around an offset, without the comment after it.
pub(super) fn pipe(source: &Source<'_>, line: Span, offset: usize) -> Option<Span> {
    let written = source.slice(line);
    let lead = written.len() - written.trim_start_matches([' ', '-']).len();
    let value = written[lead..].strip_prefix("pipe:")?;
    let start = line.end - value.trim_start().len();
    let length = source.slice(Span::new(start, line.end)).find(char::is_whitespace).unwrap_or(line.end - start);
    // the space behind the colon is needed
    (value.starts_with(' ') && start <= offset && offset <= start + length).then_some(Span::new(start, start + length))
}

/// Where the part of a `{…}` or `[…]` begins in which a line ends; `None` if it ends in none.
pub(super) fn in_brackets(lead: &str) -> Option<usize> {
    let mut parts: Vec<usize> = Vec::new();
    let mut quote = None;
    for (at, letter) in lead.char_indices() {
        let is_value = || {
            let before = lead[..at].trim_end();
            before.is_empty() || (before.ends_with([':', '-']) && lead[..at].ends_with(' '))
        };
        match letter {
            _ if quote.is_some() => quote = quote.filter(|open| *open != letter),
            '{' | '[' if !parts.is_empty() || is_value() => parts.push(at + 1),
            '}' | ']' => drop(parts.pop()),
            ',' => parts.last_mut().into_iter().for_each(|start| *start = at + 1),
            '"' | '\'' if !parts.is_empty() => quote = Some(letter),
            _ => {}
        }
    }
    parts.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_begins_behind_a_bracket_or_a_comma() {
        for (lead, part) in [
            ("- step: {name: x, oi", Some(" oi")),
            ("- step: {name: 'a, b', caches: [", Some("")),
            ("- step: {caches: [a], ", Some(" ")),
            ("[a, b", Some(" b")),
            ("- step: {a: b}", None),
            ("- echo {a, b", None),
            ("name: it's {", None),
            ("- x", None),
        ] {
            assert_eq!(in_brackets(lead).map(|start| &lead[start..]), part, "{lead}");
        }
    }
}
