use crate::{
    analysis::Analysis,
    facts::ToolId,
    rules::{Findings, rule},
};

rule! {
    /// `cdk deploy` without `--require-approval never`.
    ///
    /// When a change widens permissions, `cdk deploy` asks for approval. A pipeline has no terminal to answer from, so
    /// the deployment fails, usually on the day the first role or security group is added. Review permissions in the
    /// pull request instead, with `cdk diff`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - npx cdk deploy --all
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           oidc: true
    ///           deployment: production
    ///           script:
    ///             - npx cdk deploy --all --require-approval never
    /// ```
    ///
    /// keyless does not read `cdk.json`. If it sets `requireApproval`, turn this rule off.
    static RULE: "approval-prompt", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for tool in facts.tools.iter().filter(|tool| tool.call.tool.id == ToolId::Cdk) {
            if tool.call.command() != "deploy" {
                continue;
            }
            let command = &facts.sections[tool.section].script.commands[tool.command];
            let Some(invocation) = command.invocation() else { continue };
            // An argument that is a variable may be the option.
            let unsure = invocation.arguments.iter().any(|word| word.literal().is_none() && word.prefix().is_empty());
            let asks = invocation
                .option("--require-approval")
                .is_none_or(|mode| mode.literal().is_some_and(|mode| mode != "never"));
            let switched_off = invocation.has_flag(&["--no-require-approval", "--yes", "-y"]);
            if asks && !switched_off && !unsure {
                findings
                    .report(
                        tool.span,
                        "`cdk deploy` will fail when it needs approval, because a pipeline has no terminal",
                    )
                    .help("add `--require-approval never`, unless cdk.json sets `requireApproval`");
            }
        }
    }
}
