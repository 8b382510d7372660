use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::{Kind, Problem},
};

rule! {
    /// An alias inside the node that its own anchor marks.
    ///
    /// Expanding it would never end, so Bitbucket cannot read the file.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script:
    ///           - make
    ///           - *build
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step: &build
    ///         script:
    ///           - make
    ///     - step: *build
    /// ```
    static RULE: "recursive-alias", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        let Problem::RecursiveAlias { alias } = problem else { continue };
        let Kind::Alias(node) = &file.tree.node(*alias).kind else { continue };
        let anchor = file.tree.anchors().iter().rev().find(|anchor| anchor.uses.contains(alias));
        let finding = findings
            .report(file.span(*alias), format!("`*{0}` is used inside its own anchor `&{0}`", node.name))
            .help("anchor a smaller part, or replace the alias with its content");
        if let Some(anchor) = anchor {
            finding.related(anchor.span, "the anchor starts here");
        }
    }
}
