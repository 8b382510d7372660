use crate::{
    analysis::Analysis,
    facts::{self, Availability, StepFacts},
    pipeline::{Start, Step},
    rules::{Findings, rule},
};

rule! {
    /// A Bitbucket variable used where Bitbucket does not set it.
    ///
    /// The variable is empty, and the script continues with an empty value. `BITBUCKET_TAG` is set only in `tags`
    /// pipelines, the `BITBUCKET_PR_` variables only in `pull-requests` pipelines, and
    /// `BITBUCKET_DEPLOYMENT_ENVIRONMENT` only in steps with a `deployment`. `BITBUCKET_EXIT_CODE` is set only in
    /// `after-script`: in `script` a check of it never sees a failure.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - make release VERSION="$BITBUCKET_TAG"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   tags:
    ///     v*:
    ///       - step:
    ///           script:
    ///             - make release VERSION="$BITBUCKET_TAG"
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
    static RULE: "unavailable-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let starts = file.model.starts(step);
        let mut reported: Vec<&str> = Vec::new();
        for read in facts.reads.iter().filter(|read| !read.set_before) {
            let Some(availability) = facts::availability(&read.name) else { continue };
            // A test whether a variable is set is fine, but the exit status is never set in a script: testing it does nothing.
            let status =
                availability == Availability::AfterScript && !file.source.slice(read.span).contains(['-', '+']);
            if read.optional && !status {
                continue;
            }
            let Some(only) = only_elsewhere(file, step, facts, &starts, availability, read.order) else { continue };
            if !reported.contains(&read.name.as_str()) {
                reported.push(&read.name);
                findings
                    .report(read.span, format!("`{}` is not set here", read.name))
                    .help(format!("use it only {only}, where Bitbucket sets it"))
                    .of_step(file.step_place(step));
            }
        }
    }
}

/// Where a variable is set, if that is never where this step runs.
fn only_elsewhere(
    file: &Analysis<'_>,
    step: &Step<'_>,
    facts: &StepFacts,
    starts: &[Start],
    availability: Availability,
    order: facts::Order,
) -> Option<&'static str> {
    // Custom and shared pipelines can run for any branch, tag or pull request.
    let never = |possible: &[Start]| starts.iter().all(|start| !possible.contains(start));
    // Which variables a merge queue sets is not documented.
    let anywhere = [Start::Custom, Start::Shared, Start::MergeQueues];
    match availability {
        Availability::Tag => (never(&anywhere) && never(&[Start::Tags])).then_some("in `tags` pipelines"),
        Availability::PullRequest => {
            (never(&anywhere) && never(&[Start::PullRequests])).then_some("in `pull-requests` pipelines")
        }
        Availability::Branch => {
            starts.iter().all(|start| *start == Start::Tags).then_some("in pipelines other than `tags`")
        }
        Availability::Parallel => step.uses.iter().all(|at| !at.parallel).then_some("in steps of a parallel group"),
        Availability::AfterScript => {
            (order < facts.after_script && order > facts::Order::CONTAINERS).then_some("in `after-script`")
        }
        Availability::Deployment => {
            file.model.deployments(step).iter().all(Option::is_none).then_some("in steps or stages with a `deployment`")
        }
        // `missing-oidc` reports the token.
        Availability::Always
        | Availability::Oidc
        | Availability::Pipe
        | Availability::Trigger
        | Availability::Undocumented => None,
    }
}
