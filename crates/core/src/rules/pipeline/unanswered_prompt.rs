use crate::{
    analysis::{Analysis, steps::shown},
    facts::StepFacts,
    rules::{Findings, rule},
    script::{
        Invocation, Output, RedirectionKind, Script,
        programs::{Prompt, prompt},
    },
};

rule! {
    /// A command that asks for something, which nobody can answer in a step.
    ///
    /// A step has no terminal. `apt-get install` without `-y`, `terraform apply` without a saved plan or
    /// `-auto-approve`, `pulumi up` without `--yes` and the like stop with an error such as "error asking for approval:
    /// EOF", or wait until the step times out.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           deployment: production
    ///           script:
    ///             - terraform init
    ///             - terraform apply -var-file=production.tfvars
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           deployment: production
    ///           script:
    ///             - terraform init
    ///             - terraform plan -var-file=production.tfvars -out=change.tfplan
    ///             - terraform apply change.tfplan
    /// ```
    ///
    /// A command that gets its answer from a pipe, a file or a variable is not reported, and neither is one whose options
    /// come from a variable. `approval-prompt` is about `cdk deploy`, which asks only sometimes.
    static RULE: "unanswered-prompt", Warning, check
}

/// Variables that add arguments to a command, or keep it from asking.
const ANSWERS: [&str; 4] = ["TF_CLI_ARGS", "NON_INTERACTIVE", "AUTO_APPROVE", "TG_TF_"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for section in &facts.sections {
            for (index, command) in section.script.commands.iter().enumerate() {
                let Some(invocation) = command.invocation().map(Invocation::through_runner) else { continue };
                let Some(prompt) = prompt(&invocation.program, invocation.arguments) else { continue };
                if answered(&section.script, index) || answered_by_variable(facts, &invocation, prompt) {
                    continue;
                }
                let span = file.first_line(section.place(invocation.span));
                let message = format!(
                    "`{}` asks for {}, but a step has no terminal",
                    shown(file.source.slice(span)),
                    prompt.question
                );
                findings.report(span, message).help(prompt.help);
            }
        }
    }
}

/// Whether a command reads something other than the step's empty input.
fn answered(script: &Script, index: usize) -> bool {
    let command = &script.commands[index];
    let given = command.redirections.iter().any(|redirection| {
        matches!(redirection.kind, RedirectionKind::Input | RedirectionKind::HereDocument | RedirectionKind::HereString)
    });
    let piped = script.commands[..index].iter().rev().take_while(|other| other.context.output != Output::Log);
    given || piped.into_iter().any(|other| other.context.output == Output::Pipe(index))
}

/// Whether a variable that the script sets may answer the question.
fn answered_by_variable(facts: &StepFacts, invocation: &Invocation<'_>, prompt: &Prompt) -> bool {
    let set = facts.bindings.iter().map(|binding| binding.name.as_str());
    let own = invocation.environment.iter().map(|assignment| assignment.name.as_str());
    // The file that apt reads its options from.
    let configured =
        facts.writes.iter().any(|write| write.path.written().is_some_and(|path| path.contains("apt.conf")));
    let option = invocation.literals().any(|(_, text)| text.contains("Assume-Yes") || text == "-assumeyes");
    option
        || configured && invocation.program.starts_with("apt")
        || set
            .chain(own)
            .any(|name| prompt.variable == Some(name) || ANSWERS.iter().any(|answer| name.contains(answer)))
}
