use crate::{
    analysis::Analysis,
    pipeline::Language,
    rules::{Findings, rule},
    text::Span,
};

rule! {
    /// An exit status that is read in the item after its command.
    ///
    /// Bitbucket prints each item of a script before it runs it, so at the start of an item `$?` is always 0: it is the
    /// status of that output, not of the item before. A check of it never sees a failure. Read the status in the item of its
    /// command.
    ///
    /// ```yaml wrong
    /// image: python:3.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - set +e
    ///           - pytest
    ///           - if [ $? -ne 0 ]; then ./notify.sh; exit 1; fi
    /// ```
    ///
    /// ```yaml right
    /// image: python:3.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - |
    ///             if ! pytest; then
    ///               ./notify.sh
    ///               exit 1
    ///             fi
    /// ```
    ///
    /// In `after-script` Bitbucket sets `BITBUCKET_EXIT_CODE` to the status of the script.
    ///
    /// Source: an answer of Bitbucket's staff,
    /// <https://community.atlassian.com/t5/Bitbucket-questions/qaq-p/612957>.
    static RULE: "exit-status-across-items", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        if file.model.script_language(step) == Language::PowerShell {
            continue;
        }
        for (number, section) in facts.sections.iter().enumerate() {
            let mut before = None;
            for command in &section.script.commands {
                let item = section.script.locate(command.span).0;
                if before == Some(item) {
                    continue;
                }
                before = Some(item);
                // `if (( $? ))` is not a command.
                let start = command.span.start - section.script.locate(command.span).1.start;
                let ahead = section.script.slice(Span::new(start, command.span.start)).find("$?");
                if let Some(at) = ahead.map(|at| start + at) {
                    report(section.place(Span::new(at, at + 2)), "$?", number == 1 && item == 0, findings);
                    continue;
                }
                // A function reads the status at the place where it is called.
                if command.context.conditional {
                    continue;
                }
                let status = command.expansions().into_iter().find(|it| matches!(it.name.as_str(), "?" | "PIPESTATUS"));
                let Some(status) = status else { continue };
                let name = if status.name == "?" { "$?" } else { "PIPESTATUS" };
                report(section.place(status.span), name, number == 1 && item == 0, findings);
            }
        }
    }
}

fn report(span: Span, name: &str, starts_after_script: bool, findings: &mut Findings<'_>) {
    let help = if starts_after_script {
        "use `BITBUCKET_EXIT_CODE`, the status of the script"
    } else {
        "read it in the same item as the command, in a block that starts with `|`"
    };
    let message = format!("`{name}` is 0 at the start of an item, whatever the item before returned");
    findings.report(span, message).help(help);
}
