use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Problem,
};

rule! {
    /// A key stands twice in one map.
    ///
    /// Only one of the two can count, and which one it is depends on the reader: half of the settings are lost without a
    /// word. Two `<<` in one map are the same mistake.
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
                "<<" => "merge several maps with one list: `<<: [*one, *two]`",
                _ => "keep one of them, or join what stands under both",
            };
            findings
                .report(file.span(*key), format!("`{}` stands twice in this map", file.text(*key)))
                .related(file.span(*first), "first here")
                .help(help);
        }
    }
}
