use crate::{
    analysis::Analysis,
    pipeline::{ScriptItem, Step},
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// An agent task names an agent that the file does not define.
    ///
    /// Agents stand under `definitions.agents`, each with its `prompt`.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   agents:
    ///     reviewer:
    ///       prompt: Review the change.
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - agent: reviwer
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   agents:
    ///     reviewer:
    ///       prompt: Review the change.
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - agent: reviewer
    /// ```
    static RULE: "undefined-agent", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    if file.tree.is_broken() {
        return;
    }
    let defined: Vec<_> = file.model.definitions.agents.iter().map(|agent| agent.name.value).collect();
    for item in file.model.steps.iter().flat_map(Step::script_items) {
        let ScriptItem::Other(node) = item else { continue };
        let Some(field) = file.tree.field(*node, "agent") else { continue };
        let Some(name) = file.tree.text(field.value).filter(|name| !defined.contains(name)) else { continue };
        let near = spelling::nearest(name, defined.iter().copied());
        let finding = findings.report(file.span(field.value), format!("no agent `{name}` is defined"));
        match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!("define it: `definitions.agents.{name}` with its `prompt`")),
        };
    }
}
