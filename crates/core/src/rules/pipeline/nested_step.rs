use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::{Kind, NodeId},
};

rule! {
    /// A step inside a step: `step:` was given the whole list item instead of what stands below its `step:`.
    ///
    /// It comes from an anchor on the item, `- &build` above `step:`, that is used as `- step: *build`. Use such an anchor
    /// as the whole item, `- *build`, or put it behind `step:`.
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

/// Whether this step's map holds a step of its own.
fn is_doubled(file: &Analysis<'_>, step: NodeId) -> bool {
    let inner = file.tree.field(step, "step").filter(|_| file.tree.field(step, "script").is_none());
    inner.is_some_and(|inner| matches!(file.tree.kind(inner.value), Kind::Mapping(_)))
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in file.model.steps.iter().filter(|step| is_doubled(file, step.node)) {
        let Some(inner) = file.tree.field(step.node, "step") else { continue };
        let anchored = file.tree.node(step.node).anchor.and_then(|anchor| file.tree.anchors().get(anchor));
        let finding = findings.report(file.span(inner.key), "this `step` stands inside another `step`");
        finding.covers(step.place(file.tree));
        match anchored {
            Some(anchor) => finding.help(format!(
                "the anchor `&{0}` names the whole item: use it as `- *{0}`, or move it behind this `step:`",
                anchor.name
            )),
            None => finding.help("remove one of the two `step:`"),
        };
    }
}
