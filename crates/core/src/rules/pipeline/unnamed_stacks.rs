use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    facts::{Atom, StepFacts, ToolId, Value},
    pipeline::Step,
    pipes::keyless::{COMMAND, STACKS},
    requirements,
    rules::{Findings, rule},
    settings::Known,
};

rule! {
    /// A `destroy` without stacks, or with a variable for the stacks that nothing defines.
    ///
    /// A variable that is not defined is empty. Without stacks, the pipe rejects the run before it deletes anything, and
    /// `cdk destroy` deletes the only stack of the app.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   custom:
    ///     teardown:
    ///       - step:
    ///           oidc: true
    ///           deployment: test
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 COMMAND: destroy
    ///                 STACKS: $STACK_NAME
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   custom:
    ///     teardown:
    ///       - variables:
    ///           - name: STACK_NAME
    ///             allowed-values: [ShopPreview, ShopTest]
    ///             default: ShopPreview
    ///       - step:
    ///           oidc: true
    ///           deployment: test
    ///           script:
    ///             - pipe: docker://<registry>/keyless-pipe:0.1.0
    ///               variables:
    ///                 AWS_ROLE_ARN: $AWS_ROLE_ARN
    ///                 AWS_REGION: eu-west-1
    ///                 COMMAND: destroy
    ///                 STACKS: $STACK_NAME
    /// ```
    ///
    /// An error if the pipe certainly gets no stacks. An undefined variable is a hint; a warning if `keyless.yaml` declares
    /// variables but not this one.
    static RULE: "unnamed-stacks", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        for pipe in facts.pipes.iter().filter(|pipe| pipe.is_keyless()) {
            let command = pipe.setting(&COMMAND).filter(|command| command.value.literal() == Some("destroy"));
            let Some(command) = command else { continue };
            let given = pipe.variable(STACKS.name);
            let is_blank = |value: &Value| {
                value.literal().is_some_and(|text| text.trim_matches([' ', '\t', '\'', '"']).is_empty())
            };
            match given.filter(|given| !is_blank(&given.value)) {
                None => {
                    // In its other form the pipe gets what is not given from Bitbucket's settings.
                    let is_certain = pipe.docker || given.is_some();
                    let severity = if is_certain { Severity::Error } else { Severity::Warning };
                    let place = given.map_or(command.span, |given| given.span);
                    let finding =
                        findings.report_as(severity, place, "the pipe rejects `COMMAND: destroy` without `STACKS`");
                    if given.is_some() {
                        finding.related(command.span, "this destroys stacks");
                    }
                    finding.help("set `STACKS` to the stacks to destroy, or to `**` for all");
                }
                Some(stacks) => {
                    if let Some((severity, name)) = undefined(file, step, &stacks.value) {
                        let message =
                            format!("`{name}` is not defined in this file; if it is empty, the pipe rejects the run");
                        findings
                            .report_as(severity, stacks.span, message)
                            .related(command.span, "this destroys stacks")
                            .help("name the stacks, or declare the variable in keyless.yaml");
                    }
                }
            }
        }
        destroyed_by_cdk(file, step, facts, findings);
    }
}

/// `cdk destroy $STACK`, in which the variable without quotes disappears.
fn destroyed_by_cdk(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts, findings: &mut Findings<'_>) {
    for tool in facts.tools.iter().filter(|tool| tool.call.tool.id == ToolId::Cdk && tool.call.command() == "destroy") {
        let section = &facts.sections[tool.section];
        let Some(invocation) = section.script.commands[tool.command].invocation() else { continue };
        let rest = invocation.arguments.get(tool.call.skipped..).unwrap_or_default();
        let named: Vec<_> = rest.iter().filter(|word| !word.prefix().starts_with('-')).collect();
        let [destroy, stack] = named.as_slice() else { continue };
        let Some(expansion) = stack.variable().filter(|expansion| !expansion.quoted) else { continue };
        if destroy.literal().as_deref() != Some("destroy")
            || facts.binding(&expansion.name, tool.order).is_some()
            || facts.is_opaque(tool.order)
        {
            continue;
        }
        if let Some((severity, name)) = undefined(file, step, &Value::atom(Atom::Outside(expansion.name.clone()))) {
            let message = format!("`{name}` is not defined in this file; if it is empty, `cdk destroy` gets no stack");
            findings
                .report_as(severity, section.place(stack.span), message)
                .help(format!("put it in quotes, so that the CDK reports an empty name: `\"${name}\"`"));
        }
    }
}

/// The variable that a value consists of, if nothing defines it.
fn undefined<'v>(file: &Analysis<'_>, step: &Step<'_>, value: &'v Value) -> Option<(Severity, &'v str)> {
    let names = value.atoms().iter().filter(|atom| !matches!(atom, Atom::Text(text) if text.trim().is_empty()));
    let names: Option<Vec<&str>> = names
        .map(|atom| match atom {
            Atom::Outside(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let names = names?;
    let provided = |name: &str| {
        let declared = |environment| file.settings.known(name, environment) == Known::Defined;
        requirements::is_provided(&file.model, step, name) || file.environments(step).into_iter().all(declared)
    };
    let first = *names.first().filter(|_| !names.iter().any(|name| provided(name)))?;
    let unknown = file.settings.variables.is_none();
    Some((if unknown { Severity::Hint } else { Severity::Warning }, first))
}
