use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `runs-on` without the label `self.hosted`.
    ///
    /// Runners of one's own carry the label `self.hosted`, and a step finds one by all the labels it names.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/configure-your-runner-in-bitbucket-pipelines-yml/>.
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
    static RULE: "unlabeled-runner", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let all = file.model.steps.iter().map(|step| &step.runs_on).chain([&file.model.options.runs_on]);
    for labels in all {
        let Some(first) = labels.first() else { continue };
        // A label may come from a variable, and then nobody knows here.
        if labels.iter().any(|label| label.value == "self.hosted" || label.value.contains('$')) {
            continue;
        }
        findings
            .report(first.span(file.tree), "no label `self.hosted`: this finds no runner of your own")
            .help("write `runs-on: [self.hosted, …]`");
    }
}
