use crate::{
    analysis::Analysis,
    language::{ObjectId, ViolationKind},
    rules::{Findings, rule},
};

rule! {
    /// A parallel group or a stage holds something that is no step.
    ///
    /// Parallel groups and stages take steps only: no stage in a parallel group, no parallel group in a stage, neither in
    /// itself, and no final step or variables in either.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/stage-options/>.
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
    static RULE: "nested-group", Error, check
}

/// Whether a key is an item of a pipeline, in a place that takes steps only.
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
                .report(file.span(key), format!("`{}` cannot stand in {outer}", file.text(key)))
                .help(format!("{outer} takes steps only; make this an item of the pipeline"));
        }
    }
}
