use crate::{
    analysis::Analysis,
    diagnostic::Severity,
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A list that is empty, or longer than Bitbucket takes.
    ///
    /// A step takes at most 5 services (docker counts as one), a runner at most 10 labels, a token at most 10 audiences. A
    /// list that is there may not be empty.
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
    static RULE: "wrong-count", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongCount { value, key, count, minimum, maximum } = violation.kind else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let name = key.map_or_else(|| "this list".to_owned(), |key| format!("`{}`", file.text(key)));
        let (message, help) = if count < minimum {
            (format!("{name} is empty"), "give it at least one item, or remove the key".to_owned())
        } else {
            (format!("{name} has {count} entries"), format!("at most {maximum} are allowed"))
        };
        findings.report_as(severity, file.place(value, key), message).help(help);
    }
}
