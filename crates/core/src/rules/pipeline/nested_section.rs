use crate::{
    analysis::Analysis,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A section of `pipelines`, such as `custom`, indented into another section.
    ///
    /// Bitbucket reads it as the name of a branch, tag or pipeline, and rejects the file, because a pipeline is a list.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [make test]
    ///     custom:
    ///       nightly:
    ///         - step:
    ///             script: [make nightly]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [make test]
    ///   custom:
    ///     nightly:
    ///       - step:
    ///           script: [make nightly]
    /// ```
    ///
    /// A branch may have the name of a section: a list under `custom` is the pipeline of the branch `custom`.
    static RULE: "nested-section", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::NestedSection { key, outer } = violation.kind else { continue };
        let (name, outer_name) = (file.text(key), file.text(outer));
        findings
            .report(file.span(key), format!("`{name}` is indented into `{outer_name}`, where it is not a section"))
            .related(file.span(outer), "belongs on this level")
            .help(format!("indent it one level less, so that it is next to `{outer_name}`"));
    }
}
