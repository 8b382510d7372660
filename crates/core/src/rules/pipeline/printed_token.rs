use crate::{
    analysis::{Analysis, steps::TokenAccess},
    diagnostic::Severity,
    facts::{Order, StepFacts, TOKEN},
    rules::{Findings, rule},
    script::{Command, Output},
};

rule! {
    /// The OIDC token is printed to the build log.
    ///
    /// Everyone with read access to the repository can open the log, and until the token expires it can be exchanged
    /// for the role's credentials. `echo`, `cat` of the file that contains the token, and `set -x` all print it.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - echo $BITBUCKET_STEP_OIDC_TOKEN
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - set -ex
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > /tmp/web-identity-token
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script:
    ///           - echo "$BITBUCKET_STEP_OIDC_TOKEN" > /tmp/web-identity-token
    ///           - set -x
    /// ```
    ///
    /// `env` and `printenv` print the token with all other variables. Whether Bitbucket masks it there is not
    /// documented, so they are a warning.
    static RULE: "printed-token", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.token(step) == TokenAccess::Off {
            continue;
        }
        for print in facts.prints.iter().filter(|print| print.content.holds_token()) {
            findings
                .report(print.span, "the OIDC token is printed to the build log")
                .help("remove this command; to inspect the token, print only its decoded payload")
                .of_step(file.step_place(step));
        }
        traced(facts, findings);
        if file.token(step) == TokenAccess::On {
            listed(facts, findings);
        }
    }
}

/// Commands that expand the token while `set -x` prints them.
fn traced(facts: &StepFacts, findings: &mut Findings<'_>) {
    let on = |order: Order| facts.traces.iter().rfind(|trace| trace.order < order).filter(|trace| trace.on);
    let mut read = facts.reads.iter().filter(|read| read.name == TOKEN && !read.set_before);
    if let Some((read, trace)) = read.find_map(|read| Some((read, on(read.order)?))) {
        findings
            .report(read.span, "`set -x` prints this command, including the OIDC token")
            .related(trace.span, "enabled here")
            .help("add `set +x` before the commands that use the token");
    }
}

/// Commands that print every variable.
fn listed(facts: &StepFacts, findings: &mut Findings<'_>) {
    for section in &facts.sections {
        let commands = &section.script.commands;
        for command in commands {
            let shown = reaches_log(commands, command);
            let lists = ["env", "printenv", "set", "export"].iter().any(|name| is(command, name));
            if shown && lists && command.words.len() == 1 {
                let span = section.place(command.span);
                let message = "all variables are printed to the build log, including the OIDC token";
                findings
                    .report_as(Severity::Warning, span, message)
                    .help("print only the variables that you need, by name");
            }
        }
    }
}

fn is(command: &Command, name: &str) -> bool {
    command.words.first().is_some_and(|word| word.prefix() == name)
}

/// Whether a command's output ends in the log, also sorted or formatted.
fn reaches_log(commands: &[Command], command: &Command) -> bool {
    const LONGEST: usize = 4;
    let mut command = command;
    for _ in 0..LONGEST {
        match (command.output_redirection(), command.context.output) {
            (None, Output::Pipe(to)) => match commands.get(to) {
                Some(next) if is(next, "sort") || is(next, "cat") => command = next,
                _ => return false,
            },
            _ => return command.prints_to_log(),
        }
    }
    false
}
