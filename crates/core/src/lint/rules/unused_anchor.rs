use crate::lint::{File, Findings, rule::rule};

rule! {
    /// An anchor that no alias uses.
    ///
    /// `&name` does nothing by itself. Either the alias was forgotten, or the anchor can go.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script: [make]
    ///   tags:
    ///     'v*':
    ///       - step: *build
    /// ```
    static RULE: "unused-anchor", Hint, check
}

fn check(file: &File<'_>, findings: &mut Findings<'_>) {
    if file.tree.is_broken() {
        return;
    }
    for anchor in file.tree.anchors().iter().filter(|anchor| anchor.uses.is_empty()) {
        findings.report(anchor.span, format!("no alias uses `&{}`", anchor.name), |finding| {
            finding.help(format!("use it as `*{}`, or remove it", anchor.name))
        });
    }
}
