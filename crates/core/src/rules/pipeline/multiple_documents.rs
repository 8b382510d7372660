use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Problem,
};

rule! {
    /// A second YAML document after `---`.
    ///
    /// Bitbucket expects a single document; whether it reads any other is not documented. Pipelines in a second
    /// document may never run, and keyless does not check them.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    /// ---
    /// pipelines:
    ///   custom:
    ///     nightly:
    ///       - step:
    ///           script: [make nightly]
    /// ```
    ///
    /// ```yaml right
    /// ---
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    ///   custom:
    ///     nightly:
    ///       - step:
    ///           script: [make nightly]
    /// ```
    static RULE: "multiple-documents", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        if let Problem::SecondDocument { span } = problem {
            findings
                .report(file.first_line(*span), "a second YAML document starts here and is not read")
                .help("merge the documents into one, with a single `pipelines` mapping");
        }
    }
}
