use crate::{
    analysis::Analysis,
    pipeline::{ScriptItem, Step},
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// An agent task that names an agent the file does not define.
    ///
    /// The task cannot run. Agents are defined in `definitions.agents`, each with a `prompt`.
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
        let help = match spelling::nearest(name, defined.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("define `definitions.agents.{name}` with a `prompt`"),
        };
        findings.report(file.span(field.value), format!("agent `{name}` is not defined")).help(help).one_cause();
    }
}
