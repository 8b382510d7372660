use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::{ObjectId, ViolationKind},
    rules::{Findings, rule},
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

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::WrongType { shape, value, key } = violation.kind else { continue };
        if !shape.allows_object(ObjectId::Oidc) {
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

#[cfg(test)]
mod tests {
    use crate::{lint::lint, settings::Settings, text::Source};

    #[test]
    fn a_branch_may_be_called_oidc() {
        let source = Source::new("bitbucket-pipelines.yml", "pipelines:\n  branches:\n    oidc: true\n");
        let findings = lint(&source, &Settings::default());
        let found: Vec<_> = findings.iter().map(|finding| (finding.rule.as_str(), finding.fix.is_some())).collect();
        assert_eq!(found, [("wrong-type", false)]);
    }
}
