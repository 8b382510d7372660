use crate::{
    analysis::Analysis,
    pipeline::Start,
    rules::{Findings, rule},
};

rule! {
    /// A branch or tag pattern that no branch or tag can match.
    ///
    /// Patterns are globs over the name alone: `*` stands for anything but `/`, `**` for anything, `{a,b}` for either. Names of
    /// branches hold no spaces and none of `~ ^ : ? [ \\`, and `refs/heads/` is no part of them; `^main$` and `feature/.*` are
    /// regular expressions, which are not read.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-glob-patterns-on-the-pipelines-yaml-file/>.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     'feature/.*':
    ///       - step:
    ///           script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     'feature/**':
    ///       - step:
    ///           script: [make]
    /// ```
    static RULE: "unmatchable-pattern", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        if !matches!(pipeline.start, Start::Branches | Start::Tags | Start::PullRequests) {
            continue;
        }
        let pattern = pipeline.name.value;
        if let Some((what, help)) = mistake(pattern) {
            findings.report(pipeline.name.span(file.tree), format!("`{pattern}` {what}")).help(help);
        }
    }
}

fn mistake(pattern: &str) -> Option<(&'static str, &'static str)> {
    if pattern.starts_with("refs/") {
        return Some(("matches nothing: `refs/` is no part of a name", "write the name alone, such as `main`"));
    }
    if pattern.starts_with('^')
        || pattern.ends_with('$')
        || pattern.starts_with(".*")
        || pattern.contains("/.*")
        || pattern.contains("\\d")
    {
        return Some((
            "looks like a regular expression, and patterns are globs",
            "`*` matches all but `/`, `**` matches all, `{a,b}` either",
        ));
    }
    if pattern.starts_with('/') || pattern.ends_with('/') {
        return Some((
            "matches nothing: no name begins or ends with `/`",
            "write `name/**` for everything below `name/`",
        ));
    }
    if pattern.contains([' ', '~', '^', ':', '\\']) {
        return Some(("matches nothing: names hold no spaces and none of `~^:\\`", "write the name as Git shows it"));
    }
    None
}
