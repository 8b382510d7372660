use std::collections::HashMap;

use crate::{
    analysis::Analysis,
    facts,
    rules::{Findings, rule},
    settings::Known,
    text::Span,
};

rule! {
    /// A variable that one step exports and a later step reads.
    ///
    /// Each step runs in its own container, so exported variables end with the step. Pass files to later steps as
    /// artifacts and values as `output-variables`. Define what every step needs as a repository variable.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - export VERSION=$(git describe)
    ///     - step:
    ///         script:
    ///           - make release VERSION=$VERSION
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - echo "export VERSION=$(git describe)" > version.env
    ///         artifacts: [version.env]
    ///     - step:
    ///         script:
    ///           - source version.env
    ///           - make release VERSION=$VERSION
    /// ```
    static RULE: "export-across-steps", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let asked: Vec<_> = pipeline.variables().map(|variable| variable.name.value).collect();
        let mut exported: HashMap<&str, Span> = HashMap::new();
        for step in pipeline.steps().map(|id| file.model.step(id)) {
            let Some(facts) = file.facts.of(step.id) else { continue };
            let environments = file.environments(step);
            let mut reported: Vec<&str> = Vec::new();
            // `source` and `eval` may set anything.
            let reads = facts.reads.iter().filter(|read| !read.optional && !read.set_before && facts.opaque.is_empty());
            for read in reads {
                let name = read.name.as_str();
                let Some(&export) = exported.get(name).filter(|_| !reported.contains(&name)) else { continue };
                let set_here = facts.bindings.iter().any(|binding| binding.name == name);
                let set_outside = asked.contains(&name)
                    || facts::availability(name).is_some()
                    || environments.iter().any(|environment| file.settings.known(name, *environment) == Known::Defined);
                if set_here || set_outside {
                    continue;
                }
                reported.push(name);
                let message = format!(
                    "`{name}` is not available here: variables exported in one step are not passed to the next"
                );
                findings.report(read.span, message).related(export, "exported here").help(format!(
                    "pass it in a file that is kept as an artifact, or define `{name}` as a repository variable"
                ));
            }
            let kept = |name: &str| step.output_variables.iter().any(|output| output.value == name);
            let own = facts.bindings.iter().filter(|binding| binding.exported && !kept(&binding.name));
            exported.extend(own.map(|binding| (binding.name.as_str(), binding.span)));
        }
    }
}
