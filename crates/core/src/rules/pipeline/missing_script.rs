use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A step without a script.
    ///
    /// Every step runs commands, except a step with `type: pipeline`, which runs a custom pipeline instead.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: Build
    ///         image: node:22
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         name: Build
    ///         image: node:22
    ///         script:
    ///           - npm ci
    /// ```
    static RULE: "missing-script", Error, check, explained_by ["nested-step"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        let node = file.tree.node(step.node);
        // The script may be in the part that could not be read, in an unknown alias, or inherited.
        let elsewhere =
            node.incomplete || file.tree.merges_unknown(step.node) || file.tree.field(step.node, "config").is_some();
        if step.is_child_pipeline || step.script_key.is_some() || elsewhere {
            continue;
        }
        findings.report(step.place(file.tree), "missing required key `script`").help(
            "add `script:` with at least one command, or `type: pipeline` with `custom:` to run a child pipeline",
        );
    }
}
