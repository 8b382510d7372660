use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    language::ViolationKind,
    rules::{Findings, rule},
    spelling,
};

rule! {
    /// A value that is not one of those the key allows.
    ///
    /// Bitbucket rejects the file.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         size: 3x
    ///         script: [make]
    ///     - step:
    ///         trigger: manualy
    ///         script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         size: 4x
    ///         script: [make]
    ///     - step:
    ///         trigger: manual
    ///         script: [make deploy]
    /// ```
    static RULE: "unknown-value", Error, check, explained_by ["unexpanded-variable"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::UnknownValue { enum_values, alternatives, value, key } = violation.kind else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let given = file.text(value);
        let message = match key {
            Some(key) => format!("invalid value `{given}` for `{}`", file.text(key)),
            None => format!("invalid value `{given}`"),
        };
        let allowed: Vec<_> = enum_values.iter().map(|value| format!("`{value}`")).collect();
        let help = match (allowed.as_slice(), alternatives) {
            (_, Some(alternatives)) => format!("use {alternatives}"),
            ([only], None) => format!("use {only}"),
            (allowed, None) => format!("use one of {}", allowed.join(", ")),
        };
        let finding = findings.report_as(severity, file.place(value, None), message).help(help);
        if let Some(near) = spelling::nearest(given, enum_values.iter().copied()) {
            finding.fix(
                format!("change it to `{near}`"),
                Safety::Unsafe,
                vec![Edit { span: file.span(value), replacement: near.to_owned() }],
            );
        }
    }
}
