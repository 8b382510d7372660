use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A string that is empty, or longer than Bitbucket allows.
    ///
    /// Bitbucket rejects the file.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         concurrency-group: everything-that-touches-the-shared-staging-database-of-team-blue
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         concurrency-group: staging-database
    ///         script: [make]
    /// ```
    ///
    /// Runner labels and concurrency groups can have at most 50 characters, audiences at most 150, and the `state`
    /// expression of a condition between 1 and 1000.
    static RULE: "wrong-length", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongLength { value, key, length, min_length, max_length } = violation.kind else {
            continue;
        };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let message = if length < min_length {
            "an empty text".to_owned()
        } else {
            format!("{length} characters, and {max_length} are allowed")
        };
        let finding = findings.report_as(severity, file.place(value, key), message);
        if let Some(key) = key
            && length < min_length
        {
            finding.help(format!("give `{}` a value, or remove it", file.text(key)));
        }
    }
}
