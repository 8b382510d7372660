use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// `export NAME=$NAME`, which sets a variable to itself.
    ///
    /// Variables set in Bitbucket are already exported to every program, so the line does nothing. If the variable is
    /// missing, the line hides that by setting it to an empty value.
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
                    .report(binding.span, format!("`{}` is set to itself", binding.name))
                    .help("remove this: variables set in Bitbucket are already exported");
            }
        }
    }
}
