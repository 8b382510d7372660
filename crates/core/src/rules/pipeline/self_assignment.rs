use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `export NAME=$NAME`: a variable is set to itself.
    ///
    /// Variables of Bitbucket's settings are in the environment of every program already. The line does nothing, and when the
    /// variable is missing it hides that by setting it to nothing.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - export NPM_TOKEN=$NPM_TOKEN
    ///           - npm ci
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - npm ci
    /// ```
    static RULE: "self-assignment", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (_, facts) in file.steps() {
        for binding in &facts.bindings {
            if binding.value.copy_of() == Some(&*binding.name) && !file.source.slice(binding.span).contains('{') {
                findings
                    .report(binding.span, format!("sets `{}` to itself", binding.name))
                    .help("remove it: variables of Bitbucket's settings are exported already");
            }
        }
    }
}
