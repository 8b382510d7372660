use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A `runs-on` without the label `self.hosted`.
    ///
    /// Every self-hosted runner has the label `self.hosted`, and a step runs on a runner that has all the labels it
    /// lists. Without this label, the step may not find a runner.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runs-on: [linux, gpu]
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runs-on: [self.hosted, linux, gpu]
    ///         script: [make]
    /// ```
    ///
    /// A list with a label from a variable is not reported.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/configure-your-runner-in-bitbucket-pipelines-yml/>.
    static RULE: "unlabeled-runner", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let all = file.model.steps.iter().map(|step| &step.runs_on).chain([&file.model.options.runs_on]);
    for labels in all {
        let Some(first) = labels.first() else { continue };
        // A variable may contain the label.
        if labels.iter().any(|label| label.value == "self.hosted" || label.value.contains('$')) {
            continue;
        }
        findings
            .report(
                first.span(file.tree),
                "`runs-on` does not include `self.hosted`, the label of all self-hosted runners",
            )
            .help("add `self.hosted` to `runs-on`")
            .one_cause();
    }
}
