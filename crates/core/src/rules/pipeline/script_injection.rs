use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A branch or tag name inserted into code: `eval`, `sh -c "…"`, `python -c "…"`.
    ///
    /// Git allows quotes, `$`, `;`, `&` and brackets in names, and anyone who can push chooses them. Inside code they
    /// are executed; at best, the step fails for a branch such as `fix/it's-late`. Pass the name as an argument, or let
    /// the inner program read the variable itself.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - bash -c "./preview.sh --name $BITBUCKET_BRANCH"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - bash -c './preview.sh --name "$BITBUCKET_BRANCH"'
    /// ```
    static RULE: "script-injection", Warning, check
}

/// Variables whose values are chosen by anyone who can push.
const NAMES: [&str; 4] = ["BITBUCKET_BRANCH", "BITBUCKET_TAG", "BITBUCKET_BOOKMARK", "BITBUCKET_PR_DESTINATION_BRANCH"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for evaluation in &facts.evaluations {
            if let Some(name) = NAMES.iter().find(|name| evaluation.content.mentions(name)) {
                let message = format!("the value of `{name}` is executed as code");
                findings.report(file.first_line(evaluation.span), message).help(
                    "put the code in single quotes so that it reads the variable itself, or pass it as an argument",
                );
            }
        }
    }
}
