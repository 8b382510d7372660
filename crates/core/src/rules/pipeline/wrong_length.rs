use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A text that is empty, or longer than Bitbucket takes.
    ///
    /// Runner labels and concurrency groups end at 50 characters, audiences at 150, the expression of a condition at 1000 and
    /// may not be empty.
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
