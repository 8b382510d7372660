use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Problem,
};

rule! {
    /// A key that appears twice in one mapping.
    ///
    /// Only one of the two values is used, and which one depends on the YAML parser. The other settings are silently
    /// lost. Two `<<` merge keys in one mapping are reported too.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - make build
    ///         script:
    ///           - make test
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - make build
    ///           - make test
    /// ```
    static RULE: "duplicate-key", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        if let Problem::DuplicateKey { key, first } = problem {
            let help = match file.text(*key) {
                "<<" => "merge several mappings with one list: `<<: [*one, *two]`",
                _ => "remove one of them, or merge their contents",
            };
            findings
                .report(file.span(*key), format!("duplicate key `{}`", file.text(*key)))
                .related(file.span(*first), "first defined here")
                .help(help);
        }
    }
}
