use crate::{
    analysis::{Analysis, steps::shown},
    rules::{Findings, rule},
    script::{Command, Invocation, Output, Script, Word},
    text::Span,
};

rule! {
    /// A command that reports differences with its exit code, which nothing reads.
    ///
    /// `terraform plan -detailed-exitcode` exits with 2 if there is a change, and a step ends at the first command that
    /// does not exit with 0. So the step fails whenever there is something to deploy. Handle the exit code in the same
    /// command, or leave the option out.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - terraform init
    ///             - terraform plan -detailed-exitcode -out=change.tfplan
    ///             - terraform show change.tfplan
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - terraform init
    ///             - terraform plan -detailed-exitcode -out=change.tfplan || test $? -eq 2
    ///             - terraform show change.tfplan
    /// ```
    ///
    /// `plan -detailed-exitcode; status=$?` does not help: the script stops before the second command. After `set +e`
    /// nothing is reported.
    ///
    /// Sources: [terraform plan](https://developer.hashicorp.com/terraform/cli/commands/plan),
    /// [kubectl diff](https://kubernetes.io/docs/reference/kubectl/generated/kubectl_diff/).
    static RULE: "unhandled-exit-code", Warning, check
}

/// Programs, a subcommand, the option with which it reports differences (`""` for always), and the exit code.
const DIFFERENCES: [(&[&str], &str, &str, u8); 3] = [
    (&["terraform", "tofu", "terragrunt"], "plan", "-detailed-exitcode", 2),
    (&["helm"], "diff", "--detailed-exitcode", 2),
    (&["kubectl", "oc"], "diff", "", 1),
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        let script = &facts.sections[0].script;
        let mut goes_on = false;
        for command in &script.commands {
            let Some(invocation) = command.invocation() else { continue };
            if invocation.program == "set" {
                goes_on = ignores_errors(&invocation).unwrap_or(goes_on);
            }
            let Some(code) = difference(&invocation).filter(|_| !goes_on && !is_handled(script, command)) else {
                continue;
            };
            let span = file.first_line(facts.sections[0].place(invocation.span));
            let message = format!(
                "`{}` exits with {code} if there is a difference, so the step fails",
                shown(file.source.slice(span))
            );
            findings
                .report(span, message)
                .help(format!("handle the exit code in the same command: `|| test $? -eq {code}`"));
        }
    }
}

/// Whether `set` turns errors off or on again; `None` if it changes something else.
fn ignores_errors(set: &Invocation<'_>) -> Option<bool> {
    let words: Vec<&str> = set.arguments.iter().map(Word::prefix).collect();
    words.iter().enumerate().rev().find_map(|(index, word)| {
        let long = words.get(index + 1) == Some(&"errexit");
        let (off, letters) = word.strip_prefix('+').map_or((false, word.strip_prefix('-')), |rest| (true, Some(rest)));
        let letters = letters?;
        (letters.contains('e') || letters.ends_with('o') && long).then_some(off)
    })
}

/// The exit code with which a command reports a difference.
fn difference(invocation: &Invocation<'_>) -> Option<u8> {
    let rows = DIFFERENCES.iter().filter(|(programs, ..)| programs.contains(&invocation.program.as_ref()));
    let mut rows = rows.filter(|(_, subcommand, option, _)| {
        let asked = invocation.arguments.iter().any(|word| word.prefix() == *subcommand);
        let on = |word: &Word| word.prefix().trim_start_matches('-') == option.trim_start_matches('-');
        asked
            && (option.is_empty() || invocation.arguments.iter().any(on))
            && !invocation.has_flag(&["--help", "-help"])
    });
    rows.next().map(|(.., code)| *code)
}

/// Whether the exit code is read, or does not reach the shell.
fn is_handled(script: &Script, command: &Command) -> bool {
    if command.context.conditional || command.context.subshell || command.context.output != Output::Log {
        return true;
    }
    let spans = command.redirections.iter().map(|redirection| redirection.span);
    let all = spans.chain(command.assignments.iter().map(|assignment| assignment.span));
    let all = all.fold(command.span, Span::cover);
    let rest = script.after(all).trim_start_matches([' ', '\t']);
    let before = script.before(all).trim_end();
    let asked = ["if", "elif", "while", "until", "!"].iter().any(|word| {
        before
            .strip_suffix(word)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(|c: char| c.is_whitespace() || c == ';'))
    });
    asked || rest.starts_with(['|', '&', ')', '}'])
}
