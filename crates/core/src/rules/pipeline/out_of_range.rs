use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A number that is too small or too large for its key.
    ///
    /// Bitbucket rejects a file with a number outside the limits of its schema.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   services:
    ///     cache:
    ///       image: redis:7
    ///       memory: 64
    /// pipelines:
    ///   default:
    ///     - step:
    ///         max-time: 0
    ///         services: [cache]
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   services:
    ///     cache:
    ///       image: redis:7
    ///       memory: 128
    /// pipelines:
    ///   default:
    ///     - step:
    ///         max-time: 10
    ///         services: [cache]
    ///         script: [make]
    /// ```
    ///
    /// `max-time` must be between 1 and 720 minutes (the maximum is documented, but not in the schema), `clone.depth`
    /// at least 1, and the memory of a service at least 128 megabytes.
    static RULE: "out-of-range", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::OutOfRange { value, key, minimum, maximum } = violation.kind else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let allowed = match maximum {
            i64::MAX => format!("at least {minimum}"),
            maximum => format!("between {minimum} and {maximum}"),
        };
        let key = key.map_or_else(|| "the value".to_owned(), |key| format!("`{}`", file.text(key)));
        let message = format!("{key} must be {allowed}, found {}", file.text(value));
        findings.report_as(severity, file.span(value), message);
    }
}
