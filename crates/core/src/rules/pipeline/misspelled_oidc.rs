use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::{ObjectId, ViolationKind},
    pipeline::means_oidc,
    rules::{Findings, rule},
};

rule! {
    /// A misspelling of the step key `oidc`.
    ///
    /// Bitbucket ignores unknown keys, so the step gets no token and `BITBUCKET_STEP_OIDC_TOKEN` is empty. Keys are
    /// case-sensitive: `OIDC` is not `oidc`.
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
    static RULE: "misspelled-oidc", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let ViolationKind::UnknownKey { object, map, key, .. } = violation.kind else { continue };
        let in_step = matches!(object.id, ObjectId::Step | ObjectId::FinalStep);
        if !in_step || !means_oidc(file.text(key)) {
            continue;
        }
        let span = file.span(key);
        let finding = findings.report(span, format!("unknown step key `{}`", file.text(key)));
        if file.tree.field(map, "oidc").is_some() {
            finding.help("remove this key: the step already has `oidc`");
        } else {
            let edit = Edit { span, replacement: "oidc".to_owned() };
            finding.label("the step gets no OIDC token").help("did you mean `oidc`?").fix(
                "change it to `oidc`",
                Safety::Safe,
                vec![edit],
            );
        }
    }
}
