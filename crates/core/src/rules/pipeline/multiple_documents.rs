use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Problem,
};

rule! {
    /// A second YAML document after `---`.
    ///
    /// A pipeline file is one document. keyless checks the first; that Bitbucket reads any other is not documented.
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
                .report(file.first_line(*span), "a second document begins here and is not read")
                .help("join the documents: one file holds one `pipelines` map");
        }
    }
}
