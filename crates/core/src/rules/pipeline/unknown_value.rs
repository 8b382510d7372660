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
    static RULE: "unknown-value", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::UnknownValue { enum_values, value, key } = violation.kind else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        let word = file.text(value);
        let key = key.map_or("this", |key| file.text(key));
        let allowed = enum_values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        let finding = findings.report_as(severity, file.place(value, None), format!("`{key}` cannot be `{word}`"));
        finding.help(format!("allowed: {allowed}"));
        if let Some(near) = spelling::nearest(word, enum_values.iter().copied()) {
            finding.fix(
                format!("write `{near}`"),
                Safety::Unsafe,
                vec![Edit { span: file.span(value), replacement: near.to_owned() }],
            );
        }
    }
}
