use crate::{
    analysis::Analysis,
    pipeline::Start,
    rules::{Findings, rule},
    yaml::has_template,
};

rule! {
    /// A branch or tag pattern that can never match.
    ///
    /// The pipeline never runs. Patterns are globs that match the name only: `*` matches anything except `/`, `**`
    /// matches anything, and `{a,b}` matches either. Names cannot contain spaces or any of `~ ^ : ? [ \`, and do not
    /// start with `refs/heads/`. Regular expressions such as `^main$` and `feature/.*` are not supported.
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
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-glob-patterns-on-the-pipelines-yaml-file/>.
    static RULE: "unmatchable-pattern", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        if !matches!(pipeline.start, Start::Branches | Start::Tags | Start::PullRequests) {
            continue;
        }
        let pattern = pipeline.name.value;
        if has_template(pattern) {
            continue;
        }
        if let Some((problem, help)) = problem(pattern) {
            findings.report(pipeline.name.span(file.tree), format!("`{pattern}` {problem}")).help(help);
        }
    }
}

fn problem(pattern: &str) -> Option<(&'static str, &'static str)> {
    if pattern.starts_with("refs/") {
        return Some(("never matches: names do not start with `refs/`", "use the name only, such as `main`"));
    }
    if pattern.starts_with('^')
        || pattern.ends_with('$')
        || pattern.starts_with(".*")
        || pattern.contains("/.*")
        || pattern.contains("\\d")
    {
        return Some((
            "looks like a regular expression, but patterns are globs",
            "use `*` for anything except `/`, `**` for anything, and `{a,b}` for alternatives",
        ));
    }
    if pattern.starts_with('/') || pattern.ends_with('/') {
        return Some((
            "never matches: names do not start or end with `/`",
            "use `name/**` for everything below `name/`",
        ));
    }
    if pattern.contains([' ', '~', '^', ':', '\\']) {
        return Some(("never matches: names cannot contain spaces or any of `~^:\\`", "use the name as Git shows it"));
    }
    None
}
