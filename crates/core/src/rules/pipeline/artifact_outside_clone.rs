use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// An artifact path outside the clone directory.
    ///
    /// Bitbucket looks for artifacts under the clone directory. An absolute path, or a path with `.` or `..`, matches
    /// nothing, so the next step does not receive the files.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           - /tmp/report.html
    ///           - ../dist/**
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           - report.html
    ///           - dist/**
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-artifacts-in-steps/>.
    static RULE: "artifact-outside-clone", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for path in file.model.steps.iter().flat_map(|step| &step.artifacts.paths) {
        let span = path.span(file.tree);
        if path.value.starts_with('/') || path.value.starts_with('~') {
            findings
                .report(span, "artifact paths must be relative to the clone directory")
                .help("copy the files into the clone directory and use a relative path");
        } else if path.value.split('/').any(|part| matches!(part, "." | "..")) {
            findings
                .report(span, format!("`{}` never matches: artifact paths cannot contain `.` or `..`", path.value))
                .help("use a path relative to the clone directory, such as `dist/**`");
        }
    }
}
