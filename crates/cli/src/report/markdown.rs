//! Markdown for a comment on a pull request: how many findings there are, then each of them, the worst first.
//!
//! What a linted file says is never markup here: names are code, and everything else is escaped.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use keyless_core::{diagnostic::Diagnostic, text::Source};

use super::{Report, text};

/// How many characters are written at most. A comment has at most 32,768 in Bitbucket and 65,536 in GitHub.
const LIMIT: usize = 30_000;

/// Writes the comment.
pub(super) fn write(report: &Report, output: &mut dyn Write) -> io::Result<()> {
    let (counts, notes) = text::summary_parts(report);
    writeln!(output, "**keyless: {counts}**")?;
    if !notes.is_empty() {
        writeln!(output, "\n{}", escaped(&notes.join("; ")))?;
    }
    let sources = report.sources();
    let findings = report.worst_first(&sources);
    if !findings.is_empty() {
        writeln!(output)?;
    }
    let mut left = LIMIT;
    for (index, (source, diagnostic)) in findings.iter().enumerate() {
        let item = item(source, diagnostic);
        let Some(rest) = left.checked_sub(item.chars().count()) else {
            return writeln!(output, "\n… and {} more", findings.len() - index);
        };
        left = rest;
        output.write_all(item.as_bytes())?;
    }
    Ok(())
}

/// A finding as an item of a list.
fn item(source: &Source<'_>, diagnostic: &Diagnostic) -> String {
    let line = source.position(diagnostic.primary.span.start).line;
    let (severity, rule) = (diagnostic.severity, diagnostic.rule);
    let place = code(&format!("{}:{line}", source.name()));
    let mut item = format!("- **{severity}** {place} {} ({})\n", prose(&diagnostic.message), code(rule.as_str()));
    if let Some(help) = &diagnostic.help {
        item.extend(["  help: ", &prose(help), "\n"]);
    }
    item
}

/// A message: what it has between backticks stays code.
fn prose(message: &str) -> String {
    let parts: Vec<&str> = message.split('`').collect();
    // With an unpaired backtick nobody knows which parts are code.
    if parts.len().is_multiple_of(2) {
        return escaped(message);
    }
    let part = |(index, part): (usize, &&str)| if index.is_multiple_of(2) { escaped(part) } else { code(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Text as code, between more backticks than it has in a row.
fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    if text.trim().is_empty() || text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// Text that is not markup: no tag, link, image, list, table or mention.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            // a backslash does not keep a name after it from being mentioned
            '@' => escaped.push_str("`@`"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '>' | '#' | '|' | '~' | '!' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Text without line breaks and other control characters.
fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) { text.replace(char::is_control, " ").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_code_and_the_rest_is_no_markup() {
        assert_eq!(
            prose("unknown step key `o<b>dic`; did you mean `oidc`?"),
            "unknown step key `o<b>dic`; did you mean `oidc`?"
        );
        assert_eq!(prose("see <a href=x> & [b](c) *d* @all"), r"see &lt;a href=x\> &amp; \[b\](c) \*d\* `@`all");
        assert_eq!(prose("the key `a`b is"), "the key `a`b is");
        assert_eq!(prose("the key `a`b` is"), r"the key \`a\`b\` is");
        assert_eq!(prose("line\nbreak `in\tcode`"), "line break `in code`");
    }

    #[test]
    fn code_is_between_more_backticks_than_it_has() {
        assert_eq!(code("a``b`c"), "```a``b`c```");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code(" "), "`   `");
        assert_eq!(code(""), "`  `");
    }
}
