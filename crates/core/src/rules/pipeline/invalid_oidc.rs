use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::ViolationKind,
    rules::{Findings, rule},
    yaml::NodeId,
};

rule! {
    /// An `oidc` value that is not `true`, `false` or a mapping with `audiences`.
    ///
    /// Bitbucket rejects the file. In quotes, `"true"` is a string, not a boolean.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         oidc: "true"
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
    static RULE: "invalid-oidc", Error, check
}

fn is_oidc(file: &Analysis<'_>, key: Option<NodeId>) -> bool {
    key.is_some_and(|key| file.text(key) == "oidc")
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongType { value, key, .. } = violation.kind else { continue };
        if !is_oidc(file, key) {
            continue;
        }
        let given = file.tree.kind(value).noun();
        let finding = findings.report(file.place(value, key), format!("`oidc` must be a boolean, found {given}"));
        let replacement = file.text(value).trim().to_ascii_lowercase();
        if matches!(replacement.as_str(), "true" | "false") {
            let title = format!("use `{replacement}`");
            finding.help(format!("remove the quotes: `oidc: {replacement}`")).fix(
                title,
                Safety::Safe,
                vec![Edit { span: file.span(value), replacement }],
            );
        } else {
            finding.help("use `oidc: true`");
        }
    }
}
