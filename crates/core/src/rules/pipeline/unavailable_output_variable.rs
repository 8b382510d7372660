use std::collections::{HashMap, HashSet};

use crate::{
    analysis::Analysis,
    facts,
    rules::{Findings, rule},
    settings::Known,
    text::Span,
};

rule! {
    /// A step that reads an output variable of a step which has not finished.
    ///
    /// Output variables reach the steps that start after the step which writes them: neither its neighbors in a parallel
    /// group, nor earlier steps, nor the rest of its own script.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - parallel:
    ///           - step:
    ///               script:
    ///                 - echo "IMAGE_TAG=$(git describe)" >> $BITBUCKET_PIPELINES_VARIABLES_PATH
    ///               output-variables: [IMAGE_TAG]
    ///           - step:
    ///               script:
    ///                 - ./deploy.sh "$IMAGE_TAG"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - echo "IMAGE_TAG=$(git describe)" >> $BITBUCKET_PIPELINES_VARIABLES_PATH
    ///           output-variables: [IMAGE_TAG]
    ///       - step:
    ///           script:
    ///             - ./deploy.sh "$IMAGE_TAG"
    /// ```
    ///
    /// A variable that `keyless.yaml` declares is not reported.
    ///
    /// Source: <https://www.atlassian.com/blog/bitbucket/easily-share-data-between-steps-in-bitbucket-pipelines>.
    static RULE: "unavailable-output-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut reported: HashSet<Span> = HashSet::new();
    let passed = file.model.steps.iter().flat_map(|step| &step.input_variables);
    let passed: HashSet<&str> = passed.map(|name| name.value).collect();
    for pipeline in &file.model.pipelines {
        let turns = pipeline.turns();
        let asked: HashSet<&str> = pipeline.variables().map(|variable| variable.name.value).collect();
        let mut declared: HashMap<&str, (usize, Span)> = HashMap::new();
        for (number, turn) in turns.iter().enumerate() {
            for name in turn.iter().flat_map(|id| &file.model.step(*id).output_variables) {
                declared.entry(name.value).or_insert((number, name.span(file.tree)));
            }
        }
        if declared.is_empty() {
            continue;
        }
        for (number, turn) in turns.iter().enumerate() {
            for step in turn.iter().map(|id| file.model.step(*id)) {
                let Some(facts) = file.facts.of(step.id).filter(|facts| facts.opaque.is_empty()) else { continue };
                let set: HashSet<&str> = facts.bindings.iter().map(|binding| binding.name.as_str()).collect();
                let environments = file.environments(step);
                for read in facts.reads.iter().filter(|read| !read.optional && !read.set_before) {
                    let name = read.name.as_str();
                    let Some(&(first, place)) = declared.get(name).filter(|(first, _)| *first >= number) else {
                        continue;
                    };
                    let outside = asked.contains(name)
                        || passed.contains(name)
                        || facts::availability(name).is_some()
                        || environments
                            .iter()
                            .any(|environment| file.settings.known(name, *environment) == Known::Defined);
                    if outside || set.contains(name) || !reported.insert(read.span) {
                        continue;
                    }
                    let own = step.output_variables.iter().any(|output| output.value == name);
                    let message = match first == number {
                        true if own => {
                            format!("`{name}` is available only in later steps, not in the step that writes it")
                        }
                        true => {
                            format!("`{name}` is not available here: the step that writes it runs at the same time")
                        }
                        false => format!("`{name}` is not available here: the step that writes it runs later"),
                    };
                    let help =
                        if own { "set a shell variable too" } else { "move this step behind the one that writes it" };
                    findings.report(read.span, message).related(place, "declared here").help(help);
                }
            }
        }
    }
}
