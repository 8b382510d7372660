use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

/// Maximum number of steps in one pipeline.
const MAX_STEPS: usize = 100;

rule! {
    /// A pipeline with more than 100 steps.
    ///
    /// Bitbucket limits every pipeline to 100 steps. Steps in parallel groups and stages count too.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   steps:
    ///     - step: &make
    ///         script: [make]
    ///     - parallel: &many [
    ///         {step: *make}, {step: *make}, {step: *make}, {step: *make}, {step: *make},
    ///         {step: *make}, {step: *make}, {step: *make}, {step: *make}, {step: *make},
    ///         {step: *make}, {step: *make}, {step: *make}, {step: *make}, {step: *make},
    ///         {step: *make}, {step: *make}, {step: *make}, {step: *make}, {step: *make},
    ///         {step: *make}, {step: *make}, {step: *make}, {step: *make}, {step: *make},
    ///       ]
    /// pipelines:
    ///   default:
    ///     - parallel: *many
    ///     - parallel: *many
    ///     - parallel: *many
    ///     - parallel: *many
    ///     - parallel: *many
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/limitations-of-bitbucket-pipelines/>.
    static RULE: "too-many-steps", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let count = pipeline.steps().count();
        if count > MAX_STEPS {
            let message = format!("pipeline `{}` has {count} steps, the maximum is {MAX_STEPS}", pipeline.name.value);
            findings
                .report(pipeline.name.span(file.tree), message)
                .help("move some steps to a child pipeline, with `type: pipeline`");
        }
    }
}
