use crate::{
    analysis::Analysis,
    language::{ObjectId, ViolationKind},
    pipeline::ItemKind,
    rules::{Findings, rule},
};

rule! {
    /// A `final` step that is not the last item of its pipeline, or that has a key it does not support.
    ///
    /// A pipeline has at most one final step, as its last item and after at least one other. A final step starts
    /// automatically and does not record a deployment.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - final:
    ///         script: [make report]
    ///     - step:
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///     - final:
    ///         script: [make report]
    /// ```
    static RULE: "misplaced-final", Error, check
}

/// Keys of a step that a final step does not support.
const FORBIDDEN: [&str; 2] = ["deployment", "fail-fast"];

/// Whether a final step does not support a key.
fn is_forbidden(object: ObjectId, name: &str) -> bool {
    object == ObjectId::FinalStep && FORBIDDEN.contains(&name)
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for pipeline in &file.model.pipelines {
        let finals = pipeline.items.iter().enumerate().filter(|(_, item)| matches!(item.kind, ItemKind::Final(_)));
        let last = pipeline.items.len() - usize::from(!pipeline.items.is_empty());
        for (index, item) in finals {
            let Some(key) = item.key else { continue };
            if index != last {
                findings
                    .report(file.span(key), "`final` must be the last item of its pipeline")
                    .help("move it to the end; a pipeline can have one final step");
            } else if !pipeline.items[..index].iter().any(|item| !matches!(item.kind, ItemKind::Variables(_))) {
                findings
                    .report(file.span(key), "`final` cannot be the only item of its pipeline")
                    .help("add a step, parallel group or stage before it");
            }
        }
    }
    for violation in file.violations {
        if let ViolationKind::UnknownKey { object, key, .. } = violation.kind
            && is_forbidden(object.id, file.text(key))
        {
            findings
                .report(file.span(key), format!("`{}` is not allowed in a `final` step", file.text(key)))
                .help("move it to a regular step");
        }
    }
}
