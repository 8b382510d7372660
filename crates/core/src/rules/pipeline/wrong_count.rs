use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A list or mapping that is empty, or has more entries than Bitbucket allows.
    ///
    /// Bitbucket rejects the file.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runs-on: [self.hosted, linux, a, b, c, d, e, f, g, h, i]
    ///         script: []
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         runs-on: [self.hosted, linux, a, b, c, d, e, f, g, h]
    ///         script: [make]
    /// ```
    ///
    /// A step can have at most 5 services (`docker` counts as one), a runner at most 10 labels, and a token at most 10
    /// audiences.
    static RULE: "wrong-count", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongCount { value, key, count, minimum, maximum } = violation.kind else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let name = key.map_or_else(|| "the list".to_owned(), |key| format!("`{}`", file.text(key)));
        let (message, help) = if count < minimum {
            (format!("{name} must not be empty"), "add an entry, or remove the key".to_owned())
        } else {
            (
                format!("{name} must have at most {maximum} entries, found {count}"),
                format!("remove {}", count - maximum),
            )
        };
        findings.report_as(severity, file.place(value, key), message).help(help);
    }
}
