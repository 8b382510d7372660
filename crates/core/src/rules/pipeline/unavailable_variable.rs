use crate::{
    analysis::Analysis,
    facts::{self, Availability, StepFacts},
    pipeline::{Start, Step},
    rules::{Findings, rule},
};

rule! {
    /// One of Bitbucket's variables at a place where Bitbucket does not set it.
    ///
    /// `BITBUCKET_TAG` exists in pipelines of tags, the `BITBUCKET_PR_` variables in those of pull requests,
    /// `BITBUCKET_DEPLOYMENT_ENVIRONMENT` in steps with a `deployment`. Elsewhere they are empty, and the script goes on
    /// with nothing (<https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>).
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
    static RULE: "unavailable-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        let starts = file.model.starts(step);
        let mut reported: Vec<&str> = Vec::new();
        for read in facts.reads.iter().filter(|read| !read.optional && !read.set_before) {
            let Some(availability) = facts::availability(&read.name) else { continue };
            let Some(only) = only_elsewhere(file, step, facts, &starts, availability, read.moment) else { continue };
            if !reported.contains(&read.name.as_str()) {
                reported.push(&read.name);
                findings
                    .report(read.span, format!("`{}` is empty here", read.name))
                    .help(format!("Bitbucket sets it {only}"));
            }
        }
    }
}

/// Where a variable exists, when that is nowhere near this step.
fn only_elsewhere(
    file: &Analysis<'_>,
    step: &Step<'_>,
    facts: &StepFacts,
    starts: &[Start],
    availability: Availability,
    moment: facts::Moment,
) -> Option<&'static str> {
    // Custom and shared pipelines are started from anywhere.
    let never = |possible: &[Start]| starts.iter().all(|start| !possible.contains(start));
    let anywhere = [Start::Custom, Start::Shared];
    match availability {
        Availability::Tag => (never(&anywhere) && never(&[Start::Tags])).then_some("in pipelines below `tags`"),
        Availability::PullRequest => {
            (never(&anywhere) && never(&[Start::PullRequests])).then_some("in pipelines below `pull-requests`")
        }
        Availability::Branch => {
            starts.iter().all(|start| *start == Start::Tags).then_some("in every pipeline but those below `tags`")
        }
        Availability::Parallel => step.uses.iter().all(|at| !at.parallel).then_some("in steps of a `parallel` group"),
        Availability::AfterScript => (moment < facts.after_script && moment > 0).then_some("in `after-script`"),
        Availability::Deployment => file
            .model
            .deployments(step)
            .iter()
            .all(Option::is_none)
            .then_some("in steps with a `deployment`, their own or their stage's"),
        // `missing-oidc` speaks about the token.
        Availability::Always
        | Availability::Oidc
        | Availability::Pipe
        | Availability::Trigger
        | Availability::Undocumented => None,
    }
}
