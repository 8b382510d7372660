use crate::{
    diagnostic::{Edit, Safety},
    language::{self, Departure},
    lint::{File, Findings, rule::rule},
};

rule! {
    /// `oidc` in another spelling.
    ///
    /// Bitbucket ignores the key, the step gets no token, and `BITBUCKET_STEP_OIDC_TOKEN` is empty. Keys are written in
    /// lower case.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         OIDC: true
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
    static RULE: "misspelt-oidc", Error, check
}

fn check(file: &File<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let Departure::UnknownKey { object, map, key, .. } = violation.departure else { continue };
        let in_step =
            std::ptr::eq(object, &raw const language::STEP) || std::ptr::eq(object, &raw const language::FINAL);
        if !in_step || !super::misplaced_oidc::means_oidc(file.text(key)) {
            continue;
        }
        let span = file.span(key);
        findings.report(
            span,
            format!("`{}` is no key of a step; the token is asked for by `oidc`", file.text(key)),
            |finding| {
                if file.tree.field(map, "oidc").is_some() {
                    return finding.help("`oidc` is already there; remove this key");
                }
                finding.help("write `oidc: true`").fix(
                    "write `oidc`",
                    Safety::Safe,
                    vec![Edit { span, replacement: "oidc".to_owned() }],
                )
            },
        );
    }
}
