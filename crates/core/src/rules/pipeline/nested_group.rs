use crate::{
    analysis::Analysis,
    language::{ObjectId, ViolationKind},
    rules::{Findings, rule},
};

rule! {
    /// Something other than a step in a parallel group or a stage.
    ///
    /// Bitbucket accepts only steps there: parallel groups and stages cannot be nested in each other or in themselves,
    /// and cannot contain `final` or `variables`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - stage:
    ///         name: Test
    ///         steps:
    ///           - parallel:
    ///               - step:
    ///                   script: [make unit]
    ///               - step:
    ///                   script: [make e2e]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - parallel:
    ///         - step:
    ///             script: [make unit]
    ///         - step:
    ///             script: [make e2e]
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/stage-options/>.
    static RULE: "nested-group", Error, check
}

/// Whether a key belongs in a pipeline's list, but is in a list that takes only steps.
fn is_nested(object: ObjectId, name: &str) -> bool {
    matches!(object, ObjectId::ParallelGroupItem | ObjectId::StageItem)
        && matches!(name, "parallel" | "stage" | "final" | "variables")
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        if let ViolationKind::UnknownKey { object, key, .. } = violation.kind
            && is_nested(object.id, file.text(key))
        {
            let outer = if object.id == ObjectId::StageItem { "a stage" } else { "a parallel group" };
            findings
                .report(file.span(key), format!("`{}` is not allowed in {outer}", file.text(key)))
                .help(format!("move it to the pipeline's list: {outer} can contain only steps"));
        }
    }
}
