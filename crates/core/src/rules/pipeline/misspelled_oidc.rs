use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    language::{ObjectId, ViolationKind},
    pipeline::means_oidc,
    rules::{Findings, rule},
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
        let message = format!("`{}` is no key of a step; the token is asked for by `oidc`", file.text(key));
        let finding = findings.report(span, message);
        if file.tree.field(map, "oidc").is_some() {
            finding.help("`oidc` is already there; remove this key");
        } else {
            let edit = Edit { span, replacement: "oidc".to_owned() };
            finding.help("write `oidc: true`").fix("write `oidc`", Safety::Safe, vec![edit]);
        }
    }
}
