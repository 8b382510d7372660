use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `cdk deploy` without `--require-approval never`.
    ///
    /// When a change widens permissions, the command asks before it goes on. A build has no terminal to answer from, so the
    /// deployment stops with an error, usually on the day the first role or security group is added. Unless `cdk.json` sets
    /// `requireApproval`, say it on the command line, and review permissions in the pull request, with `cdk diff`.
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
    static RULE: "approval-prompt", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for tool in facts.tools.iter().filter(|tool| tool.call.tool.programs == ["cdk"]) {
            if tool.call.subcommand.split(' ').next() != Some("deploy") {
                continue;
            }
            let command = &facts.listings[tool.listing].script.commands[tool.command];
            let Some(invocation) = command.invocation() else { continue };
            // An argument that is a variable may be the option.
            let unsure = invocation.arguments.iter().any(|word| word.literal().is_none() && word.prefix().is_empty());
            let asks = invocation
                .option("--require-approval")
                .is_none_or(|mode| mode.literal().is_some_and(|mode| mode != "never"));
            let switched_off = invocation.has_flag(&["--no-require-approval", "--yes", "-y"]);
            if asks && !switched_off && !unsure {
                findings
                    .report(tool.span, "`cdk deploy` stops where it would ask for approval")
                    .help("add `--require-approval never`, unless cdk.json sets `requireApproval`");
            }
        }
    }
}
