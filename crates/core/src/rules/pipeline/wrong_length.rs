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
        let name = key.map_or_else(|| "the value".to_owned(), |key| format!("`{}`", file.text(key)));
        let (message, help) = if length < min_length {
            (format!("{name} must not be empty"), "add a value, or remove the key")
        } else {
            (format!("{name} must have at most {max_length} characters, found {length}"), "shorten it")
        };
        findings.report_as(severity, file.place(value, key), message).help(help);
    }
}
