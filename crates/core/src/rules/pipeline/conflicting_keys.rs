use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `paths` and `upload` in the same `artifacts`.
    ///
    /// They are two ways to say which files a step keeps, and Bitbucket is reported to accept only one of them. Move the
    /// paths into an upload.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           paths: [dist/**]
    ///           upload:
    ///             - name: report
    ///               paths: [report.html]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///         artifacts:
    ///           upload:
    ///             - name: dist
    ///               paths: [dist/**]
    ///             - name: report
    ///               paths: [report.html]
    /// ```
    ///
    /// Source: <https://github.com/atlassian/atlascode/issues/21>, which quotes Bitbucket's message; the documentation does
    /// not mention it.
    static RULE: "conflicting-keys", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        let Some(artifacts) = file.tree.field(step.node, "artifacts") else { continue };
        let key = |name| file.tree.field(artifacts.value, name);
        if let (Some(paths), Some(upload)) = (key("paths"), key("upload")) {
            findings
                .report(file.span(paths.key), "`paths` cannot be used with `upload`")
                .related(file.span(upload.key), "`upload` is here")
                .help("move the paths into an item of `upload` with a `name`");
        }
    }
}
