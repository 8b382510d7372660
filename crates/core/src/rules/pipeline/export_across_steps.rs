use std::collections::HashMap;

use crate::{
    analysis::Analysis,
    facts,
    rules::{Findings, rule},
    settings::Known,
    text::Span,
};

rule! {
    /// A variable that one step exports and a later one reads.
    ///
    /// Every step runs in a container of its own: what a script exports ends with the step. Files reach later steps as
    /// artifacts, values as `output-variables`, and what all steps need belongs into the repository's variables.
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
                findings.report(read.span, format!("`{name}` is not what an earlier step exported")).related(export, "ends with its step").help(format!(
                        "write it to a file and keep that as an artifact, or define `{name}` in the repository's settings"
                    ));
            }
            let kept = |name: &str| step.output_variables.iter().any(|output| output.value == name);
            let own = facts.bindings.iter().filter(|binding| binding.exported && !kept(&binding.name));
            exported.extend(own.map(|binding| (binding.name.as_str(), binding.span)));
        }
    }
}
