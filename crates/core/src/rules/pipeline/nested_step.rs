use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::{Kind, NodeId},
};

rule! {
    /// A `step` inside another `step`.
    ///
    /// This happens when an anchor marks a whole list item, `- &build` above `step:`, and is used as `- step: *build`.
    /// The outer step then has no `script`. Use such an anchor as the whole item, `- *build`, or move the anchor after
    /// `step:`.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   steps:
    ///     - &build
    ///       step:
    ///         script: [make]
    /// pipelines:
    ///   default:
    ///     - step: *build
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   steps:
    ///     - &build
    ///       step:
    ///         script: [make]
    /// pipelines:
    ///   default:
    ///     - *build
    /// ```
    static RULE: "nested-step", Error, check
}

/// Whether this step contains another step.
fn is_doubled(file: &Analysis<'_>, step: NodeId) -> bool {
    let inner = file.tree.field(step, "step").filter(|_| file.tree.field(step, "script").is_none());
    inner.is_some_and(|inner| matches!(file.tree.kind(inner.value), Kind::Mapping(_)))
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| is_doubled(file, step.node)) {
        let Some(inner) = file.tree.field(step.node, "step") else { continue };
        let anchored = file.tree.node(step.node).anchor.and_then(|anchor| file.tree.anchors().get(anchor));
        let help = match anchored {
            Some(anchor) => {
                format!("use `- *{0}` without `step:`, or move the anchor `&{0}` after this `step:`", anchor.name)
            }
            None => "remove one of the two `step:` keys".to_owned(),
        };
        findings
            .report(file.span(inner.key), "`step` is nested in another `step`")
            .help(help)
            .one_cause()
            .covers(step.place(file.tree));
    }
}
