use crate::{
    analysis::{Analysis, steps::TokenAccess},
    pipeline::ScriptItem,
    rules::{Findings, rule},
};

rule! {
    /// An agent in a step with `oidc: true`.
    ///
    /// An agent decides at run time which commands it runs. In a step with a token, whatever convinces the agent, such as
    /// the text of an issue or a file in a branch, can use the step's roles.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   agents:
    ///     reviewer:
    ///       prompt: Review the change.
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: test
    ///           script:
    ///             - agent: reviewer
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   agents:
    ///     reviewer:
    ///       prompt: Review the change.
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - agent: reviewer
    ///       - step:
    ///           oidc: true
    ///           deployment: test
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    /// ```
    static RULE: "token-with-agent", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, _) in file.steps().filter(|(step, _)| file.token(step) == TokenAccess::On) {
        let agents = step.script_items().filter_map(|item| match item {
            ScriptItem::Other(node) => file.tree.field(*node, "agent"),
            ScriptItem::Command(_) | ScriptItem::Pipe(_) => None,
        });
        for agent in agents {
            let finding = findings.report(file.span(agent.key), "this agent runs in a step that has an OIDC token");
            if let Some(oidc) = &step.oidc {
                finding.related(file.place(oidc.node(), None), "the token is requested here");
            }
            finding.help("run the agent in another step, without `oidc`");
        }
    }
}
