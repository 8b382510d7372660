use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// The name of a branch or a tag is pasted into code: `eval`, `sh -c "…"`, `python -c "…"`.
    ///
    /// Git allows quotes, `$`, `;`, `&` and brackets in names, and whoever may push chooses them. As part of the code they are
    /// read as code: at best the step fails for a branch such as `fix/it's-late`. Hand the name over as an argument, or let
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

/// Variables whose values people choose who may push.
const NAMES: [&str; 4] = ["BITBUCKET_BRANCH", "BITBUCKET_TAG", "BITBUCKET_BOOKMARK", "BITBUCKET_PR_DESTINATION_BRANCH"];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for evaluation in &facts.evaluations {
            if let Some(name) = NAMES.iter().find(|name| evaluation.content.mentions(name)) {
                let message = format!("runs the value of `{name}` as code");
                findings.report(file.first_line(evaluation.span), message).help(
                    "let the code read the variable itself, between single quotes, or hand it over as an argument",
                );
            }
        }
    }
}
