use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// An artifact path that lies outside the clone.
    ///
    /// Artifacts are looked for below the clone directory: an absolute path, or one with `.` or `..`, matches nothing, and the
    /// next step goes without the files.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-artifacts-in-steps/>.
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
    static RULE: "artifact-outside-clone", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for path in file.model.steps.iter().flat_map(|step| &step.artifacts.paths) {
        let span = path.span(file.tree);
        if path.value.starts_with('/') || path.value.starts_with('~') {
            findings
                .report(span, "an absolute path: artifacts are kept from below the clone only")
                .help("copy the files into the clone, and name them relative to it");
        } else if path.value.split('/').any(|part| matches!(part, "." | "..")) {
            findings
                .report(span, "`.` and `..` match nothing in an artifact path")
                .help("name the files relative to the clone, as in `dist/**`");
        }
    }
}
