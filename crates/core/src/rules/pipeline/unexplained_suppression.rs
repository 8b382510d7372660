use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
};

rule! {
    /// A suppression without a reason, where `keyless.yaml` requires one.
    ///
    /// Whoever reads the file next cannot tell whether the suppression is still needed.
    ///
    /// ```yaml settings
    /// require-reason: true
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: node # keyless: allow[unpinned-image]
    ///         script: [npm test]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: node # keyless: allow[unpinned-image] mirrored and scanned
    ///         script: [npm test]
    /// ```
    ///
    /// It is reported only with `require-reason: true` in `keyless.yaml`.
    static RULE: "unexplained-suppression", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    if !file.settings.require_reason {
        return;
    }
    for suppression in file.suppressions.valid.iter().filter(|suppression| suppression.reason.is_empty()) {
        findings
            .report(suppression.comment, "this suppression has no reason")
            .help("say after the brackets why the finding is accepted");
    }
}
