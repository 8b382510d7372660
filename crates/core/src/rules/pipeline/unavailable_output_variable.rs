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
    /// A name that differs from an output variable by one letter is reported too, if nothing in the file sets it. A variable
    /// that `keyless.yaml` declares is not reported.
    ///
    /// Source: <https://www.atlassian.com/blog/bitbucket/easily-share-data-between-steps-in-bitbucket-pipelines>.
    static RULE: "unavailable-output-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let mut reported: HashSet<Span> = HashSet::new();
    let passed = file.model.steps.iter().flat_map(|step| &step.input_variables);
    let passed: HashSet<&str> = passed.map(|name| name.value).collect();
    let bindings = file.facts.steps.iter().flat_map(|facts| &facts.bindings);
    let defined: HashSet<&str> = bindings.map(|binding| binding.name.as_str()).collect();
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
                    let found = declared.get(name);
                    let misspelled = if found.is_none() { near(name, &declared, number) } else { None };
                    let late = found.copied().filter(|(first, _)| *first >= number);
                    let Some((first, place)) = late.or(misspelled.map(|(_, place)| (usize::MAX, place))) else {
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
                    if let Some((near, _)) = misspelled {
                        // Settings that are declared decide whether it is missing, and another rule reports it.
                        if file.settings.variables.is_none() && !defined.contains(name) && !is_written(file, name) {
                            findings
                                .report(read.span, format!("`{name}` is not set in this file"))
                                .related(place, format!("`{near}` is an output variable of an earlier step"))
                                .help(format!("did you mean `{near}`?"));
                        }
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

/// Whether a step writes the variable without declaring it, which another rule reports.
fn is_written(file: &Analysis<'_>, name: &str) -> bool {
    let line = format!("{name}=");
    let mut writes = file.facts.steps.iter().flat_map(|facts| &facts.writes);
    writes.any(|write| {
        write.path.written() == Some("${BITBUCKET_PIPELINES_VARIABLES_PATH}")
            && write.content.to_string().contains(&line)
    })
}

/// How many output variables a name is compared with.
const MOST_NAMES: usize = 50;

/// The output variable of an earlier turn that a name is a misspelling of: one letter is wrong, missing, added, or two are
/// swapped.
fn near<'n>(name: &str, declared: &HashMap<&'n str, (usize, Span)>, turn: usize) -> Option<(&'n str, Span)> {
    if name.len() < 6 || declared.len() > MOST_NAMES || facts::is_from_elsewhere(name) {
        return None;
    }
    let earlier = declared.iter().filter(|(_, (first, _))| *first < turn);
    let mut near: Vec<_> = earlier.filter(|(other, _)| is_one_letter_off(name.as_bytes(), other.as_bytes())).collect();
    near.sort_unstable();
    near.first().map(|(other, (_, place))| (**other, *place))
}

fn is_one_letter_off(name: &[u8], other: &[u8]) -> bool {
    let start = name.iter().zip(other).take_while(|(left, right)| left == right).count();
    let (name, other) = (&name[start..], &other[start..]);
    // `NODE_1` and `NODE_2` are two variables.
    let digit = |letters: &[u8]| letters.first().is_some_and(u8::is_ascii_digit);
    if digit(name) || digit(other) {
        return false;
    }
    let swapped =
        name.len() >= 2 && other.len() >= 2 && (name[0], name[1]) == (other[1], other[0]) && name[2..] == other[2..];
    let after = |letters: &[u8]| letters.get(1..).map(<[u8]>::to_vec);
    let (name_after, other_after) = (after(name), after(other));
    swapped
        || name_after.is_some() && name_after == other_after
        || name_after.as_deref() == Some(other)
        || other_after.as_deref() == Some(name)
}
