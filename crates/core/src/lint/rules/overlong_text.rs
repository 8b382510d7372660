use crate::{
    diagnostic::Severity,
    language::Departure,
    lint::{File, Findings, rule::rule},
};

rule! {
    /// A text longer than Bitbucket takes.
    ///
    /// Runner labels and concurrency groups end at 50 characters, audiences at 150, the expression of a condition at 1000.
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
    static RULE: "overlong-text", Error, check
}

fn check(file: &File<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let Departure::TooLong { value, length, longest } = violation.departure else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        findings.report_as(
            severity,
            file.place(value, None),
            format!("{length} characters, and {longest} are allowed"),
            |finding| finding,
        );
    }
}
