use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::{Kind, NodeId},
};

rule! {
    /// A pipeline item with several kinds, such as `step` and `parallel`, or with none.
    ///
    /// Each item of a pipeline is one of `step`, `parallel`, `stage`, `final` or, in a custom pipeline, `variables`.
    /// When one item has two of them, a dash is usually missing.
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
                let message =
                    format!("`{}` cannot be used with `{}` in one item", file.text(*second), file.text(*first));
                let finding = findings.report(file.span(*second), message);
                finding.related(file.span(*first), "the item starts here").help("start a new item with `- `");
                for key in &keys {
                    finding.covers(file.span(*key));
                }
            }
            [] if entries.is_empty() => {
                findings
                    .report(file.first_line(file.span(item.site)), "item is empty")
                    .help("add `step:`, `parallel:` or `stage:`, or remove the item");
            }
            _ => {}
        }
    }
}
