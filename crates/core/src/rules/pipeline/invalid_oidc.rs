use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::ViolationKind,
    rules::{Findings, rule},
    yaml::NodeId,
};

rule! {
    /// `oidc` is neither `true` nor `false`, nor a map with `audiences`.
    ///
    /// Bitbucket refuses the file. `"true"` in quotes is text, not a boolean.
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

/// Whether a key is `oidc`: other rules leave its value to this one.
pub(super) fn is_oidc(file: &Analysis<'_>, key: Option<NodeId>) -> bool {
    key.is_some_and(|key| file.text(key) == "oidc")
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongType { value, key, .. } = violation.kind else { continue };
        if !is_oidc(file, key) {
            continue;
        }
        let given = file.tree.kind(value).noun();
        let finding =
            findings.report(file.place(value, key), format!("`oidc` must be `true` or `false`, and this is {given}"));
        let word = file.text(value).trim().to_ascii_lowercase();
        match word.as_str() {
            "true" | "false" => finding.help(format!("remove the quotes: `oidc: {word}`")).fix(
                format!("write `{word}`"),
                Safety::Safe,
                vec![Edit { span: file.span(value), replacement: word }],
            ),
            _ => finding.help("write `oidc: true`"),
        };
    }
}
