use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

/// The most steps of one pipeline.
const MOST: usize = 100;

rule! {
    /// A pipeline with more than 100 steps.
    ///
    /// Steps of parallel groups and stages count too.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/limitations-of-bitbucket-pipelines/>.
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
    static RULE: "too-many-steps", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let count = pipeline.steps().count();
        if count > MOST {
            let message = format!("the pipeline `{}` has {count} steps", pipeline.name.value);
            findings
                .report(pipeline.name.span(file.tree), message)
                .help(format!("at most {MOST} are allowed; run some as a child pipeline, `type: pipeline`"));
        }
    }
}
