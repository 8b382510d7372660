use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// A boolean written as `yes`, `no`, `on` or `off`.
    ///
    /// YAML 1.1 reads these values as booleans, YAML 1.2 as strings. Bitbucket does not document which version it
    /// follows, so the setting may not take effect.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: yes
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: true
    ///         script: [make]
    /// ```
    static RULE: "ambiguous-boolean", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::AmbiguousBoolean { value, means } = violation.kind else { continue };
        findings
            .report(file.span(value), format!("`{}` may be read as a string, not as a boolean", file.text(value)))
            .help(format!("use `{means}`"))
            .fix(
                format!("use `{means}`"),
                Safety::Safe,
                vec![Edit { span: file.span(value), replacement: means.to_string() }],
            );
    }
}
