//! A migration for those who answer for security: for each environment what could be used before, and what can be used now.
//! As Markdown, and as one HTML file that needs nothing else.
//!
//! What is reported comes from Bitbucket and AWS, and is never markup.

use std::fmt::Write as _;

use crate::text::is_direction;

/// A migration of one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityReport {
    /// `WORKSPACE/NAME`.
    pub repository: String,
    /// When it was made, such as `2026-12-01T03:00:00Z`.
    pub made_at: String,
    /// The deployment environments, and the steps without one.
    pub environments: Vec<EnvironmentReport>,
    /// What is left to do, in order.
    pub left: Vec<String>,
    /// What to know.
    pub notes: Vec<String>,
}

/// One environment before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentReport {
    /// For a heading: `Environment production`.
    pub title: String,
    /// What is compared.
    pub rows: Vec<Row>,
}

/// One question about an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The question, in a word or two: `Permissions`.
    pub question: &'static str,
    /// The answers with the stored key, a line each.
    pub before: Vec<String>,
    /// The answers with the role, a line each.
    pub after: Vec<String>,
}

/// The style of the HTML file: readable on a screen in both themes, and on paper.
const STYLE: &str = "\
:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{border:1px solid;padding:.4rem .6rem;text-align:left;vertical-align:top;\
overflow-wrap:anywhere}thead th{width:42%}thead th:first-child{width:16%}p{margin:0}li{margin:.2rem 0}";

const LEFT: &str = "Left to do";
const NOTES: &str = "To know";
const NOTHING: &str = "Nothing: no stored key of this repository is left.";

impl SecurityReport {
    fn title(&self) -> String {
        format!("Stored AWS keys of {}", self.repository)
    }

    fn summary(&self) -> String {
        format!(
            "Made by keyless at {} from Bitbucket's settings, the pipeline and the AWS account. Other branches, other \
             repositories and copies of the key elsewhere are not in it.",
            self.made_at
        )
    }

    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n", markdown(&self.title()), markdown(&self.summary()));
        for environment in &self.environments {
            let _ = writeln!(out, "\n## {}\n\n| | Before | After |\n|---|---|---|", markdown(&environment.title));
            for row in &environment.rows {
                let cell = |lines: &[String]| lines.iter().map(|line| markdown(line)).collect::<Vec<_>>().join("<br>");
                let _ =
                    writeln!(out, "| **{}** | {} | {} |", markdown(row.question), cell(&row.before), cell(&row.after));
            }
        }
        let _ = writeln!(out, "\n## {LEFT}\n");
        for (number, item) in (1..).zip(&self.left) {
            let _ = writeln!(out, "{number}. {}", markdown(item));
        }
        if self.left.is_empty() {
            let _ = writeln!(out, "{NOTHING}");
        }
        if !self.notes.is_empty() {
            let _ = writeln!(out, "\n## {NOTES}\n");
        }
        for note in &self.notes {
            let _ = writeln!(out, "- {}", markdown(note));
        }
        out
    }

    /// The report as an HTML file.
    pub fn to_html(&self) -> String {
        let title = html(&self.title());
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
             <p>{}</p>\n",
            html(&self.summary())
        );
        for environment in &self.environments {
            let _ = writeln!(
                out,
                "<h2>{}</h2>\n<table>\n<thead><tr><th scope=\"col\">Question</th><th scope=\"col\">Before</th>\
                 <th scope=\"col\">After</th></tr></thead>\n<tbody>",
                html(&environment.title)
            );
            for row in &environment.rows {
                let paragraph = |line: &String| format!("<p>{}</p>", html(line));
                let cell = |lines: &[String]| lines.iter().map(paragraph).collect::<Vec<_>>().concat();
                let _ = writeln!(
                    out,
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                    html(row.question),
                    cell(&row.before),
                    cell(&row.after)
                );
            }
            out.push_str("</tbody>\n</table>\n");
        }
        let _ = writeln!(out, "<h2>{LEFT}</h2>");
        list(&mut out, "ol", &self.left);
        if self.left.is_empty() {
            let _ = writeln!(out, "<p>{NOTHING}</p>");
        }
        if !self.notes.is_empty() {
            let _ = writeln!(out, "<h2>{NOTES}</h2>");
        }
        list(&mut out, "ul", &self.notes);
        out.push_str("</body>\n</html>\n");
        out
    }
}

fn list(out: &mut String, tag: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "<{tag}>");
    for item in items {
        let _ = writeln!(out, "<li>{}</li>", html(item));
    }
    let _ = writeln!(out, "</{tag}>");
}

/// Text of an element or a quoted attribute.
fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Also those that turn the direction of text around.
            character if character.is_control() || is_direction(character) => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

/// One line that is not markup, in a table or a list. What is between backticks stays code.
fn markdown(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || is_direction(c) { ' ' } else { c }).collect();
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without a second one is left out.
    let is_code = |number: usize| number % 2 == 1 && number + 1 < parts.len();
    let part = |(number, part): (usize, &&str)| {
        // A pipe would end the cell of a table, also in code.
        if is_code(number) { format!("`{}`", part.replace('|', "\\|")) } else { prose(part) }
    };
    parts.iter().enumerate().map(part).collect()
}

fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            // A backslash does not keep a name after it from being mentioned.
            '@' => escaped.push_str("`@`"),
            '\\' | '*' | '_' | '[' | ']' | '>' | '#' | '|' | '~' | '!' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> SecurityReport {
        let row =
            Row { question: "Permissions", before: vec![text.to_owned()], after: vec!["a".to_owned(), "b".to_owned()] };
        SecurityReport {
            repository: "acme/shop".to_owned(),
            made_at: "2026-12-01T03:00:00Z".to_owned(),
            environments: vec![EnvironmentReport { title: text.to_owned(), rows: vec![row] }],
            left: vec![text.to_owned()],
            notes: vec![text.to_owned()],
        }
    }

    #[test]
    fn nothing_that_is_reported_is_markup() {
        let wicked = "</td><script>alert('1')</script> \"x\" & | *b* [l](javascript:1) \u{202e}\n# @all";
        let html = report(wicked).to_html();
        assert!(!html.contains("<script") && !html.contains("\u{202e}"), "{html}");
        let escaped = "&lt;/td&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &quot;x&quot; &amp; | *b* [l](javascript:1)   # @all";
        assert_eq!(html.matches(escaped).count(), 4, "{html}");
        let markdown = report(wicked).to_markdown();
        let escaped =
            r#"&lt;/td\>&lt;script\>alert('1')&lt;/script\> "x" &amp; \| \*b\* \[l\](javascript:1)   \# `@`all"#;
        assert_eq!(markdown.matches(escaped).count(), 4, "{markdown}");
        assert!(markdown.contains(" | a<br>b |"), "{markdown}");
    }

    #[test]
    fn code_stays_code() {
        assert_eq!(markdown("role `a_b|c*` of `x`"), r"role `a_b\|c*` of `x`");
        assert_eq!(markdown("one ` and _two_"), r"one  and \_two\_");
    }

    #[test]
    fn an_empty_report_says_that_nothing_is_left() {
        let empty = SecurityReport { repository: "acme/shop".to_owned(), ..SecurityReport::default() };
        assert!(empty.to_markdown().contains(NOTHING) && empty.to_html().contains(NOTHING));
        assert!(!empty.to_html().contains("<ul>") && !empty.to_markdown().contains(NOTES));
    }
}
