use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::ViolationKind,
    rules::{Findings, rule},
};

rule! {
    /// `yes`, `no`, `on` or `off` where `true` or `false` is meant.
    ///
    /// YAML 1.1 reads them as booleans, YAML 1.2 as text. Which of the two Bitbucket follows is not documented, so the
    /// setting may not do what it says.
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
            .report(file.span(value), format!("`{}` may be read as text", file.text(value)))
            .help(format!("write `{means}`"))
            .fix(
                format!("write `{means}`"),
                Safety::Safe,
                vec![Edit { span: file.span(value), replacement: means.to_string() }],
            );
    }
}
