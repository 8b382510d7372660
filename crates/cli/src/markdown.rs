//! The Markdown of rules' documentation, for a terminal: headings and code stand out, and the marks are gone.

const BOLD: &str = "\u{1b}[1m";
const CODE: &str = "\u{1b}[36m";
const WRONG: &str = "\u{1b}[91m";
const RIGHT: &str = "\u{1b}[92m";
const DIM: &str = "\u{1b}[2m";
const RESET: &str = "\u{1b}[0m";

/// Renders a text, with colors.
pub(crate) fn render(markdown: &str) -> String {
    let mut text = String::new();
    let mut is_code = false;
    for line in markdown.lines() {
        if let Some(language) = line.strip_prefix("```") {
            is_code = !is_code;
            if is_code {
                text.push_str(&fence(language));
            }
            continue;
        }
        match line.trim_start_matches('#').strip_prefix(' ') {
            _ if is_code => text.extend(["  ", DIM, "│", RESET, " ", line]),
            Some(title) if line.starts_with('#') => text.extend([BOLD, &inline(title), RESET]),
            _ => text.push_str(&inline(line)),
        }
        text.push('\n');
    }
    text
}

/// What a block of code is: `yaml wrong` and `json right` are examples.
fn fence(language: &str) -> String {
    let mut words = language.split_whitespace().skip(1);
    let (color, title) = match words.next() {
        Some("wrong") => (WRONG, "✖ wrong"),
        Some("right") => (RIGHT, "✔ right"),
        Some("policy") => (DIM, "trust policy"),
        Some("settings") => (DIM, "keyless.yaml"),
        _ => return String::new(),
    };
    let file = words.next().map(|file| format!(" {file}")).unwrap_or_default();
    format!("  {color}{title}{RESET}{file}\n")
}

/// Colors what is between backticks. A line with an odd number of them has code that goes on in the next one, and stays.
fn inline(line: &str) -> String {
    if line.matches('`').count() % 2 == 1 {
        return line.to_owned();
    }
    let mut text = String::new();
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 1 { text.extend([CODE, part, RESET]) } else { text.push_str(&addresses(part)) }
    }
    text
}

/// Takes the brackets of `<https://…>` away, which terminals would take for a part of the address.
fn addresses(mut rest: &str) -> String {
    let mut text = String::new();
    while let Some((before, address)) = rest.split_once("<https://") {
        let Some((address, after)) = address.split_once('>') else { break };
        text.extend([before, "https://", address]);
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn marks_become_colors() {
        for (markdown, expected) in [
            ("# a-rule (error)", "\u{1b}[1ma-rule (error)\u{1b}[0m\n"),
            ("a `b` > c", "a \u{1b}[36mb\u{1b}[0m > c\n"),
            ("a ` b", "a ` b\n"),
            ("#5 <https://x.y/z>, <https://z>.", "#5 https://x.y/z, https://z.\n"),
            (
                "```yaml wrong a.yml\n# `x`\n```\nb",
                "  \u{1b}[91m✖ wrong\u{1b}[0m a.yml\n  \u{1b}[2m│\u{1b}[0m # `x`\nb\n",
            ),
            ("```sh\nx\n```", "  \u{1b}[2m│\u{1b}[0m x\n"),
        ] {
            assert_eq!(render(markdown), expected);
        }
    }
}
