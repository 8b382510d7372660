use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::{Kind, NodeId},
};

rule! {
    /// An item of a pipeline that is several things at once, or nothing.
    ///
    /// Each item of the list is one of `step`, `parallel`, `stage`, `final` or, in a custom pipeline, `variables`. Two of them in
    /// one item usually lack a dash.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///       parallel:
    ///         - step:
    ///             script: [make unit]
    ///         - step:
    ///             script: [make e2e]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///     - parallel:
    ///         - step:
    ///             script: [make unit]
    ///         - step:
    ///             script: [make e2e]
    /// ```
    static RULE: "ambiguous-item", Error, check
}

const KINDS: [&str; 5] = ["step", "parallel", "stage", "final", "variables"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for item in file.model.pipelines.iter().flat_map(|pipeline| &pipeline.items) {
        let Kind::Mapping(entries) = file.tree.kind(item.site) else { continue };
        if file.tree.node(file.tree.resolve(item.site)).incomplete {
            continue;
        }
        let keys: Vec<NodeId> =
            entries.iter().map(|entry| entry.key).filter(|key| KINDS.contains(&file.text(*key))).collect();
        match keys.as_slice() {
            [first, second, ..] => {
                let message = format!("one item cannot be a `{}` and a `{}`", file.text(*first), file.text(*second));
                findings
                    .report(file.span(*second), message)
                    .related(file.span(*first), "the item begins here")
                    .help("begin a new item with `- `");
            }
            [] if entries.is_empty() => {
                findings
                    .report(file.first_line(file.span(item.site)), "an empty item")
                    .help("write `step:`, `parallel:` or `stage:`, or remove it");
            }
            _ => {}
        }
    }
}
